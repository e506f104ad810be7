# What a machine goes through, as its administrator; `step NAME COMMAND...` notes the exit code and the output.
step() {
    local name=$1; shift
    "$@" > /srv/output 2>&1 < /dev/null
    python3 - "$name" $? >> /srv/steps <<'END'
import json, pathlib, sys
print(json.dumps({"name": sys.argv[1], "code": int(sys.argv[2]), "output": pathlib.Path("/srv/output").read_text(errors="replace")}))
END
}
answers() { curl --silent --show-error --fail --max-time 5 --retry 20 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$1"; }
main_pid() { systemctl show --property=MainPID --value gatewayd; }
restarts() { systemctl show --property=NRestarts --value gatewayd; }
becomes() { for _ in $(seq 100); do "$@" && return; sleep 0.2; done; return 1; }
another_process_than() { [ "$(main_pid)" != 0 ] && [ "$(main_pid)" != "$1" ] && systemctl is-active --quiet gatewayd; }
install_package() { DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$1"; }

cd /srv
step install install_package ./gatewayd.deb
step active systemctl is-active gatewayd
step status systemctl status --no-pager gatewayd
step files stat --format='%U:%G %a %n' /etc/gatewayd/gateway.yaml /var/lib/gatewayd /var/log/gatewayd /run/gatewayd
step socket-unit systemctl is-enabled gatewayd.socket
step request curl --silent --max-time 5 http://127.0.0.1:8080/nothing
step scrape answers 9464/metrics
step exposure systemd-analyze security --no-pager gatewayd
step verify systemd-analyze verify --man=no /lib/systemd/system/gatewayd.service
step manual-pages find /usr/share/man -name 'gatewayd*' -o -name 'gatewayctl*'
step check gatewayctl check

echo GATEWAYD_PER_ADDRESS=1000000/1m >> /etc/default/gatewayd
cat > /etc/gatewayd/conf.d/hello.yaml <<'END'
routes: [{path: /hello, respond: {body: hello}}]
END
step reload systemctl reload gatewayd
step still-active systemctl is-active gatewayd
step restart bash -c 'gatewayctl check && systemctl restart gatewayd'
step restarted-serves answers 8080/hello
echo 'routes: [{path: hello}]' > /etc/gatewayd/conf.d/bad.yaml
step restart-bad bash -c 'gatewayctl check && systemctl restart gatewayd'
step active-after-bad systemctl is-active gatewayd
step restart-bad-code /usr/lib/gatewayd/bin/twistd -n --pidfile= gateway --config /etc/gatewayd/gateway.yaml

# An upgrade with a configuration that the new version does not take.
before=$(main_pid)
step upgrade-bad install_package ./gatewayd-next.deb
step upgrade-bad-same-process test "$(main_pid)" = "$before"
step upgrade-bad-serves answers 9464/livez
rm /etc/gatewayd/conf.d/bad.yaml
step downgrade apt-get install --yes --allow-downgrades ./gatewayd.deb
before=$(main_pid)
step upgrade install_package ./gatewayd-next.deb
step upgrade-other-process becomes another_process_than "$before"
step upgrade-serves answers 8080/hello

before=$(main_pid)
kill -KILL "$before"
step killed becomes another_process_than "$before"
step killed-serves answers 8080/hello

mkdir -p /etc/systemd/system/gatewayd.service.d
printf '[Service]\nWatchdogSec=3s\n' > /etc/systemd/system/gatewayd.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart gatewayd
before=$(main_pid)
kill -STOP "$before"
step hung becomes another_process_than "$before"
step hung-serves answers 8080/hello
step hung-journal journalctl --no-pager --unit gatewayd

# Restarts with the socket unit, under load: every connection is a new one.
systemctl stop gatewayd
systemctl enable --quiet --now gatewayd.socket
systemctl start gatewayd
python3 /srv/load.py 8080 /srv/load &
load=$!
becomes test -e /srv/load
for _ in 1 2 3; do systemctl restart gatewayd; done
touch /srv/load.stop
wait $load
step load cat /srv/load
step journal journalctl --no-pager --output=cat --unit gatewayd

step remove apt-get remove --yes gatewayd
step removed-keeps test -e /etc/gatewayd/gateway.yaml
step removed-stops systemctl is-active gatewayd
step purge apt-get purge --yes gatewayd
rm -rf /etc/systemd/system/gatewayd.service.d
step purged find / -xdev -ipath '*gatewayd*' -not -path '/srv/*' -not -path '/proc/*' -not -path '/var/log/journal/*' \
    -not -path '/var/lib/systemd/deb-systemd-helper-*'
