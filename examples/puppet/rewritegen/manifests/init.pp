# @summary A private-first Python package index in nginx or Apache httpd, from one site file.
#
# A site file that is wrong is not put in place, and nothing is done after it. `rewritegen apply` lets the server test all
# that it has with the new text in it, reloads, looks, and takes it back if that fails.
#
# @param site         the text of the site file, such as file('rewritegen/packages.yaml')
# @param server_name  its server_name: the site file is kept as /etc/rewritegen/SERVER_NAME.yaml, where the units look for it
# @param server       which web server; its package and service are resources of yours
# @param package      what pip installs: a name, or the path of a wheel
# @param pip_args     more words for pip, such as --index-url https://mirror.example.org/simple/
# @param directories  private directories to make
# @param apply_args   more words for `rewritegen apply`, such as --ca /etc/ssl/certs/our-ca.pem
# @param units        install the units, and start the timers of `index` and `check`; copy examples/systemd to this module's files/ before
class rewritegen (
  String[1] $site,
  String[1] $server_name,
  Enum['nginx', 'apache'] $server = 'nginx',
  String[1] $package = 'rewritegen[watch]',
  String $pip_args = '',
  Array[Pattern[/\A\//]] $directories = [],
  String $apply_args = '',
  Boolean $units = false,
) {
  $program = '/opt/rewritegen/bin/rewritegen'
  $file = "/etc/rewritegen/${server_name}.yaml"
  $config = [$server, $facts['os']['family']] ? {
    ['nginx', default]   => '/etc/nginx/conf.d',
    ['apache', 'RedHat'] => '/etc/httpd/conf.d',
    default              => '/etc/apache2/sites-enabled',
  }

  $same = "rewritegen generate ${file} --server ${server} -o ${config} --check"

  Exec {
    path     => ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
    provider => shell,
  }

  user { 'rewritegen':
    system => true,
    home   => '/var/lib/rewritegen',
    shell  => '/usr/sbin/nologin',
  }

  exec { 'rewritegen program':
    command => "python3 -m venv /opt/rewritegen && /opt/rewritegen/bin/pip install -q ${pip_args} '${package}'",
    creates => $program,
    timeout => 600,
  }

  file { '/usr/local/bin/rewritegen':
    ensure  => link,
    target  => $program,
    require => Exec['rewritegen program'],
  }

  file { ['/var/lib/rewritegen'] + $directories:
    ensure => directory,
    owner  => 'rewritegen',
    before => Exec['rewritegen pages'],
  }

  file { '/etc/rewritegen':
    ensure => directory,
  }

  # puppet gives the new file to the command first, in place of the percent sign
  file { $file:
    content      => $site,
    validate_cmd => "${program} generate % --server ${server}",
    require      => File['/usr/local/bin/rewritegen'],
  }

  # the pages are there before the server looks for them; later ones are the business of the units
  exec { 'rewritegen pages':
    command => "runuser -u rewritegen -- rewritegen index ${file}",
    unless  => $same,
    require => File[$file],
    before  => Exec['rewritegen configuration'],
  }

  if $server == 'apache' and $facts['os']['family'] == 'Debian' {
    # what Debian leaves switched off; a2enmod knows only what is not built in
    exec { 'rewritegen modules':
      command => @("END"/L$),
        rewritegen generate ${file} --server apache | \
        sed -n 's/^    Error "rewritegen: needs mod_[a-z_0-9]* (a2enmod \([a-z_0-9]*\).*/\1/p' | \
        while read -r module; do \
        [ ! -e "/etc/apache2/mods-available/\$module.load" ] || a2enmod -q "\$module"; done
        | END
      unless  => $same,
      require => File[$file],
      before  => Exec['rewritegen configuration'],
    }
  }

  exec { 'rewritegen configuration':
    command => "rewritegen apply ${file} --server ${server} ${apply_args}",
    unless  => $same,
    require => File[$file],
    timeout => 300,
  }

  if $units {
    $suffixes = ['index@.service', 'index@.timer', 'check@.service', 'check@.timer', 'failed@.service', 'watch@.service']
    $suffixes.each |$suffix| {
      file { "/etc/systemd/system/rewritegen-${suffix}":
        source => "puppet:///modules/rewritegen/rewritegen-${suffix}",
      }
    }
    ['index', 'check'].each |$what| {
      service { "rewritegen-${what}@${server_name}.timer":
        ensure  => running,
        enable  => true,
        require => [Exec['rewritegen configuration'], $suffixes.map |$suffix| {
          File["/etc/systemd/system/rewritegen-${suffix}"]
        }],
      }
    }
  }
}
