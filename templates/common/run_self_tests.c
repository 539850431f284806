  size_t failed = 0;
{% for model in models %}
  failed += RunSelfTest(&g_{{ model.prefix }}_self_test, PrintText, {{ count if count is defined else "NULL" }});
{% endfor %}
  PrintText("edgecompress: result=");
  PrintText(failed == 0 ? "PASS\n" : "FAIL\n");
