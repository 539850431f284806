"""Ask the services of pip-audit for known vulnerabilities of what is installed beside this Python.

Ends with 1 if there are any. Where no service answers, that is said, and the exit code is 0: a
machine without a way to them must be able to run the tests.
"""

import json
import subprocess
import sys

SERVICES = ("pypi", "osv")


def main() -> int:
    """Print what the first service that answers knows, and return the exit code."""
    for service in SERVICES:
        answer = ask(service)
        audited = [package for package in answer if "skip_reason" not in package]
        if audited:
            return told(service, audited)
    print(f"NOT AUDITED: no vulnerability service answers here ({', '.join(SERVICES)})")
    return 0


def ask(service: str) -> list[dict[str, object]]:
    """Return what a service knows of each package; nothing where it cannot be reached."""
    command = [sys.executable, "-m", "pip_audit", "--local", "--skip-editable", "--format", "json",
               "--progress-spinner", "off", "--vulnerability-service", service]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return list(json.loads(done.stdout)["dependencies"])
    except (ValueError, KeyError):
        return []


def told(service: str, audited: list[dict[str, object]]) -> int:
    """Print the vulnerabilities of the packages that a service knows."""
    bad = [package for package in audited if package["vulns"]]
    print(f"{service}: {len(audited)} packages audited, {len(bad)} with known vulnerabilities")
    for package in bad:
        known = ", ".join(str(one["id"]) for one in package["vulns"])  # type: ignore[attr-defined]
        print(f"  {package['name']} {package['version']}: {known}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
