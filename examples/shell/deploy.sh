#!/bin/sh
# deploy.sh SITE nginx|apache: this machine serves a site file. As root; a second run changes nothing.
#
# It stops at the first thing that is wrong, before anything of the running site is changed: `generate` reads the site file,
# `apply` lets the server test its whole configuration with the new text in it, and takes it back if it does not answer well.
#
#   REWRITEGEN_PACKAGE       what pip installs: rewritegen[watch], or a wheel. PIP_INDEX_URL and such say from where.
#   REWRITEGEN_DIRECTORIES   private directories, which belong to rewritegen then: "/srv/packages/team /srv/packages/lab"
#   REWRITEGEN_APPLY         more words for `rewritegen apply`, such as --ca FILE or --url URL
set -eu
site=$1
server=$2
package=${REWRITEGEN_PACKAGE:-rewritegen[watch]}

id -u rewritegen > /dev/null 2>&1 ||
    useradd --system --user-group --home-dir /var/lib/rewritegen --no-create-home \
        --shell /usr/sbin/nologin rewritegen
[ -x /opt/rewritegen/bin/python ] || python3 -m venv /opt/rewritegen
/opt/rewritegen/bin/pip install --quiet --disable-pip-version-check "$package"
ln -sfn /opt/rewritegen/bin/rewritegen /usr/local/bin/rewritegen

# our own mistakes first: the message names the line, and the status is 2
text=$(rewritegen generate "$site" --server "$server")

# what Debian leaves switched off; elsewhere the modules are loaded
if [ "$server" = apache ] && command -v a2enmod > /dev/null; then
    echo "$text" | sed -n 's/^    Error "rewritegen: needs mod_[a-z_0-9]* (a2enmod \([a-z_0-9]*\).*/\1/p' |
        while read -r module; do
            [ ! -e "/etc/apache2/mods-available/$module.load" ] || a2enmod -q "$module"
        done
fi

# the pages are there before the server looks for them
for directory in /var/lib/rewritegen ${REWRITEGEN_DIRECTORIES:-}; do
    mkdir -p "$directory"
    chown rewritegen "$directory"
done
runuser -u rewritegen -- rewritegen index - < "$site"

# the units of examples/systemd have it as /etc/rewritegen/SERVER_NAME.yaml. The text names the site file that it was made from,
# and `check` compares: so it is applied under that name, and put there when the server has taken it
name=$(sed -n 's/^server_name: *\([^ #]*\).*/\1/p' "$site")
staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
cp "$site" "$staged/$name.yaml"
# shellcheck disable=SC2086 # words of an option
rewritegen apply "$staged/$name.yaml" --server "$server" ${REWRITEGEN_APPLY:-}
install -d /etc/rewritegen
cmp -s "$site" "/etc/rewritegen/$name.yaml" || install -m 644 "$site" "/etc/rewritegen/$name.yaml"

# what it logs is rotated, if examples/logrotate lies beside this folder
rotation=$(dirname "$0")/../logrotate/rewritegen-$server
[ ! -f "$rotation" ] || cmp -s "$rotation" "/etc/logrotate.d/rewritegen-$server" ||
    install -D -m 644 "$rotation" "/etc/logrotate.d/rewritegen-$server"
