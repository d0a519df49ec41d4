# A private-first Python package index.
#     salt 'index*' state.apply rewritegen test=True      what would change
#     salt 'index*' state.apply rewritegen                change it
# The site file is salt://rewritegen/packages.yaml. Pillar (all optional):
#     rewritegen:
#       server: nginx                                     or apache
#       name: packages.example.org                        its server_name, where examples/systemd looks for it
#       package: rewritegen[watch]                        what pip installs; pip_args: where from
#       pip_args: --index-url https://mirror.example.org/simple/
#       site: salt://rewritegen/packages.yaml
#       directories: [/srv/packages/team]                 private directories to make
#       apply_args: --ca /etc/ssl/certs/our-ca.pem        more words for `rewritegen apply`
{% set given = salt['pillar.get']('rewritegen', {}) %}
{% set server = given.get('server', 'nginx') %}
{% set file = '/etc/rewritegen/' ~ given.get('name', 'packages.example.org') ~ '.yaml' %}
{% set config = {
    'nginx': '/etc/nginx/conf.d',
    'apache': '/etc/httpd/conf.d' if grains['os_family'] == 'RedHat' else '/etc/apache2/sites-enabled',
}[server] %}
{% set same = 'rewritegen generate ' ~ file ~ ' --server ' ~ server ~ ' -o ' ~ config ~ ' --check' %}

rewritegen user:
  user.present:
    - name: rewritegen
    - system: true
    - usergroup: true
    - home: /var/lib/rewritegen
    - createhome: false
    - shell: /usr/sbin/nologin

rewritegen program:
  cmd.run:
    - name: >-
        python3 -m venv /opt/rewritegen &&
        /opt/rewritegen/bin/pip install --quiet {{ given.get('pip_args', '') }}
        '{{ given.get('package', 'rewritegen[watch]') }}'
    - creates: /opt/rewritegen/bin/rewritegen

/usr/local/bin/rewritegen:
  file.symlink:
    - target: /opt/rewritegen/bin/rewritegen
    - require:
      - cmd: rewritegen program

{% for directory in ['/var/lib/rewritegen'] + given.get('directories', []) %}
{{ directory }}:
  file.directory:
    - user: rewritegen
    - group: rewritegen
    - makedirs: true
    - require:
      - user: rewritegen user
    - require_in:
      - cmd: rewritegen pages
{% endfor %}

# A site file that is wrong is not put in place, and everything below is not done: `check_cmd` gets the new one's path.
{{ file }}:
  file.managed:
    - source: {{ given.get('site', 'salt://rewritegen/packages.yaml') }}
    - makedirs: true
    - check_cmd: /opt/rewritegen/bin/rewritegen generate --server {{ server }}
    - require:
      - file: /usr/local/bin/rewritegen

{% if server == 'apache' and grains['os_family'] == 'Debian' %}
# what Debian leaves switched off; a2enmod knows only what is not built in
rewritegen modules:
  cmd.run:
    - name: >-
        rewritegen generate {{ file }} --server apache |
        sed -n 's/^    Error "rewritegen: needs mod_[a-z_0-9]* (a2enmod \([a-z_0-9]*\).*/\1/p' |
        while read -r module; do
        [ ! -e "/etc/apache2/mods-available/$module.load" ] || a2enmod -q "$module"; done
    - unless: {{ same }}
    - require:
      - file: {{ file }}
    - require_in:
      - cmd: rewritegen configuration
{% endif %}

# The pages are there before the server looks for them; later ones are the business of examples/systemd.
rewritegen pages:
  cmd.run:
    - name: rewritegen index {{ file }}
    - runas: rewritegen
    - unless: {{ same }}
    - require:
      - file: {{ file }}

# It lets the server test all that it has with the new text in it, reloads, looks, and takes it back if that fails.
rewritegen configuration:
  cmd.run:
    - name: rewritegen apply {{ file }} --server {{ server }} {{ given.get('apply_args', '') }}
    - unless: {{ same }}
    - require:
      - file: {{ file }}
      - cmd: rewritegen pages
