// The rules and the dashboard as a monitoring mixin, for those who build their monitoring with jsonnet 0.18 or newer:
//
//     local gatewayd = (import 'gatewayd/mixin.libsonnet') + { _config+:: { job: 'edge' } };
//     { 'alerts.json': gatewayd.prometheusAlerts, 'rules.json': gatewayd.prometheusRules } + gatewayd.grafanaDashboards
//
// The files beside this one are the product; this is a way to read them. Another objective or latency needs them
// written anew, since the arithmetic is in the expressions: python -m gatewayd.monitoring DIRECTORY --availability 99.5
{
  _config:: {
    // The scrape job of the gateways.
    job: '@job@',
    // Where docs/runbooks can be read, without a slash at the end.
    runbooks: '@runbooks@',
  },

  local config = self._config,
  local fit(text) = std.strReplace(
    std.strReplace(text, 'job="@job@"', 'job="' + config.job + '"'),
    '@runbooks@/',
    config.runbooks + '/'
  ),
  local groups(text) = std.parseYaml(fit(text)).groups,

  prometheusRules:: {
    groups: groups(importstr 'prometheus/rules/gatewayd-recording.yml'),
  },

  prometheusAlerts:: {
    groups:
      groups(importstr 'prometheus/rules/gatewayd-critical.yml')
      + groups(importstr 'prometheus/rules/gatewayd-warning.yml')
      + groups(importstr 'prometheus/rules/gatewayd-security.yml')
      + groups(importstr 'prometheus/rules/gatewayd-performance.yml')
      + groups(importstr 'prometheus/rules/gatewayd-downstream.yml')
      + groups(importstr 'prometheus/rules/gatewayd-cache.yml')
      + groups(importstr 'prometheus/rules/gatewayd-operations.yml')
      + groups(importstr 'prometheus/rules/gatewayd-slo.yml'),
  },

  grafanaDashboards:: {
    'gatewayd.json': std.parseJson(fit(importstr 'grafana/dashboards/gatewayd.json')),
  },
}
