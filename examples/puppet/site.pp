# puppet apply --modulepath . --noop site.pp                   what would change
# puppet apply --modulepath . --detailed-exitcodes site.pp     change it
class { 'rewritegen':
  site        => file('rewritegen/packages.yaml'),
  server_name => 'packages.example.org',
  server      => 'nginx',
  directories => ['/srv/packages/team'],
}
