# The model and its kernels for {{ optimize }}, whatever the rest is compiled for.
set_source_files_properties(
{% for source in model_sources %}
  {{ folder }}{{ source }}
{% endfor %}
  PROPERTIES COMPILE_OPTIONS {{ optimize_flag }}{{ " COMPILE_DEFINITIONS " ~ size_macro if optimize == "size" }})
