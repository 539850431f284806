"""Models trained in mixed precision, read as float32: their weights are float32 already."""

from typing import Any

_HALF = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16")


def in_float32(config: Any) -> Any:
    """Return a model's configuration with every policy of half precision replaced by float32."""
    if isinstance(config, list):
        return [in_float32(part) for part in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") in ("DTypePolicy", "Policy"):
        inner = config.get("config", {})
        if isinstance(inner, dict) and inner.get("name") in _HALF:
            return {**config, "config": {**inner, "name": "float32"}}
        return config
    return {
        key: "float32" if key == "dtype" and value in _HALF else in_float32(value)
        for key, value in config.items()
    }
