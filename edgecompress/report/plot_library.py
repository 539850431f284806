"""Vega, Vega-Lite and Vega-Embed as one script, as they come with vl-convert."""

from functools import cache

from edgecompress.child import Child


@cache
def plot_library() -> str:
    """Return the script for a page's <script>.

    It is put together in a process of its own: for the seconds that takes, vl-convert lets nothing
    else run in its process, and a terminal would stand still.

    Raises:
        ChildError: vl-convert failed.
    """
    child = Child("edgecompress.report.plot_library:put_together")
    try:
        script: str = child.call()
    finally:
        child.close()
    return script


def put_together() -> str:
    """Return the script; what would end it early in a page is written otherwise."""
    import vl_convert

    script: str = vl_convert.javascript_bundle()  # type: ignore[call-arg] # the stub lacks its default
    return script.replace("</script", r"<\/script").replace("<!--", r"<\!--")
