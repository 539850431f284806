  size_t failed = 0;
{% for model in models %}
  failed += RunSelfTest(&g_{{ model.prefix }}_self_test, PrintText, NULL);
{% endfor %}
  PrintText("edgecompress: result=");
  PrintText(failed == 0 ? "PASS\n" : "FAIL\n");
