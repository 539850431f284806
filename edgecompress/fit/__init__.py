"""Judge a .tflite model's memory against a board, without TensorFlow or a compiler.

`edgecompress.fit(model, boards)` is `edgecompress.fit.verdict.fit`: the package itself is
callable, because it and the function have the same name.
"""

import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        from edgecompress.fit.verdict import fit

        return fit(*arguments, **options)


sys.modules[__name__].__class__ = _CallablePackage
