//go:build deb

package packaging_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// daemonsScript makes three users with a raptoreumd each, in a home that others cannot enter.
const daemonsScript = `
port=8484
for user in rtm1 rtm2 rtm3; do
  useradd --create-home $user
  chmod 0700 /home/$user
  install -d -o $user -m 0700 /home/$user/.raptoreumcore
  {
    printf 'server=1\nrpcport=%s\n' $port
    [ $user = rtm3 ] || printf 'rpcuser=%s\nrpcpassword=secret-of-%s\n' $user $user # rtm3 has a cookie
  } | install -o $user -m 0600 /dev/stdin /home/$user/.raptoreumcore/raptoreum.conf
  cat >/etc/systemd/system/node-$user.service <<END
[Service]
User=$user
Environment=SIMNET_TESTDATA=/opt/testdata
ExecStart=/usr/local/bin/raptoreumd -datadir=/home/$user/.raptoreumcore
END
  systemctl start node-$user.service
  port=$((port + 1))
done
systemctl start telegram.service
`

// telegramScript answers as Telegram does, and logs the messages.
const telegramScript = `use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1:8081', Listen => 5, ReuseAddr => 1) or die;
while (my $c = $server->accept) {
  my ($n, $body) = (0, '');
  while (my $line = <$c>) { $n = $1 if $line =~ /^content-length: (\d+)/i; last if $line =~ /^\r?$/; }
  read($c, $body, $n);
  open(my $log, '>>', '/var/tmp/telegram.log'); print $log time, " $body\n"; close $log;
  my $r = '{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":42,"type":"private"},"text":"x"}}';
  print $c "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " . length($r) . "\r\n\r\n$r";
  close $c;
}
`

// TestDebSetup goes from nothing to a message with Debian's own Prometheus and Alertmanager under systemd, in two
// commands, and back. With SETUP_OUTAGE=1 it also waits for the message about a daemon that is killed.
func TestDebSetup(t *testing.T) {
	m := watcherRoot(t)
	first, _ := debs(t)
	daemon := exec.CommandContext(t.Context(), "go", "build", "-o", m.path("/usr/local/bin/raptoreumd"), "../internal/simnet/cmd/raptoreumd")
	daemon.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := daemon.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run(t, "cp", "-r", "../testdata", m.path("/opt/testdata"))
	run(t, "cp", first, m.path("/root/exporter.deb"))
	write(t, m.path("/opt/telegram.pl"), telegramScript)
	write(t, m.path("/opt/daemons.sh"), daemonsScript)
	write(t, m.path("/root/token"), "123456:secret-of-the-bot\n")
	write(t, m.path("/etc/systemd/system/telegram.service"), "[Service]\nExecStart=/usr/bin/perl /opt/telegram.pl\n")
	write(t, m.path("/etc/hostname"), "paris\n")
	b := m.boot(t)
	b.must(t, "sh", "-euc", daemonsScript)
	b.must(t, "dpkg", "-i", "/root/exporter.deb")
	before := b.state(t)

	began := time.Now()
	out := b.must(t, "raptoreum_exporter", "setup", "--yes")
	t.Logf("setup: 1 command, %.1f s", time.Since(began).Seconds())
	for _, want := range []string{"http://127.0.0.1:10227:\n", "http://127.0.0.1:10228:\n", "raptoreumd      ready", "raptoreum_exporter@rtm2.service answers", "add a line to /home/rtm3/.raptoreumcore/raptoreum.conf", "setup watch --node paris-rtm1="} {
		if !strings.Contains(out, want) {
			t.Errorf("setup prints no %q:\n%s", want, out)
		}
	}
	if _, third, _ := strings.Cut(out, "raptoreum_exporter@rtm3.service answers"); !strings.Contains(third, "raptoreumd      ready") {
		t.Errorf("the check of rtm3 does not use its cookie:\n%s", third)
	}
	for _, user := range []string{"rtm1", "rtm2"} {
		check, _ := b.inside("runuser", "-u", debUser, "--", "raptoreum_exporter", "check", "--json", "@/etc/raptoreum_exporter/"+user+"/flags").CombinedOutput()
		if regexp.MustCompile(`collectors failed: [^"]*(process|datadir|daemon)`).Match(check) || strings.Contains(string(check), "several raptoreumd") {
			t.Errorf("%s: the exporter does not find its process:\n%s", user, check)
		}
	}
	b.interrupt(t)
	began = time.Now()
	watch := b.must(t, "raptoreum_exporter", "setup", "watch", "--yes", "--node=berlin="+strings.Repeat("ab", 32), "--telegram.chat-id=42", "--telegram.token-file=/root/token", "--telegram.api-url=http://127.0.0.1:8081")
	t.Logf("setup watch: 1 command, %.1f s", time.Since(began).Seconds())
	if !strings.Contains(watch, "The test message was delivered (telegram).") || !strings.Contains(watch, "\nberlin: not known yet whether it is registered\n") || strings.Contains(out+watch, "secret-of") {
		t.Errorf("setup watch prints\n%s", watch)
	}
	if got := b.must(t, "cat", "/var/tmp/telegram.log"); !strings.Contains(got, "Test message of raptoreum_exporter setup.") {
		t.Errorf("Telegram got\n%s", got)
	}
	if again := b.must(t, "raptoreum_exporter", "setup", "--yes"); !strings.Contains(again, "Nothing to change.") {
		t.Errorf("the second run:\n%s", again)
	}
	if os.Getenv("SETUP_OUTAGE") != "" {
		b.outage(t)
	}
	b.must(t, "raptoreum_exporter", "setup", "watch", "--undo", "--yes")
	b.must(t, "raptoreum_exporter", "setup", "--undo", "--yes")
	if diff := cmp.Diff(before, b.state(t)); diff != "" {
		t.Errorf("after --undo, -before +after:\n%s", diff)
	}
}

// interrupt sends SIGINT at the question, as Ctrl-C does. Nothing is typed before or after it.
func (b booted) interrupt(t *testing.T) {
	t.Helper()
	before := b.state(t)
	out := b.must(t, "sh", "-c", `mkfifo /var/tmp/silent && exec 3<>/var/tmp/silent && rm /var/tmp/silent
		timeout --signal=INT --kill-after=10 5 raptoreum_exporter setup watch --node=berlin=`+strings.Repeat("ab", 32)+` --telegram.chat-id=42 --telegram.token-file=/root/token <&3 2>&1
		echo "exit code $?"`)
	if !strings.HasSuffix(out, "Make these changes? [y/N] \nraptoreum_exporter: interrupted; nothing was changed\nexit code 124\n") { // that of timeout
		t.Errorf("after SIGINT:\n%s", out)
	}
	if diff := cmp.Diff(before, b.state(t)); diff != "" {
		t.Errorf("after SIGINT, -before +after:\n%s", diff)
	}
}

// outage kills a raptoreumd and waits for the message.
func (b booted) outage(t *testing.T) {
	t.Helper()
	b.must(t, "systemctl", "kill", "--signal=KILL", "node-rtm1.service")
	began := time.Now()
	for time.Since(began) < 12*time.Minute {
		if strings.Contains(b.must(t, "cat", "/var/tmp/telegram.log"), "paris-rtm1") {
			t.Logf("the message about a killed raptoreumd arrived after %s", time.Since(began).Round(time.Second))
			return
		}
		time.Sleep(5 * time.Second)
	}
	t.Errorf("no message about a killed raptoreumd:\n%s", b.must(t, "cat", "/var/tmp/telegram.log"))
}

// state returns files with mode, owner and checksum, and the state of our units.
func (b booted) state(t *testing.T) []string {
	t.Helper()
	out := b.must(t, "sh", "-euc", `
		find / -xdev \( -path /var/log -o -path /var/lib/systemd -o -path /var/lib/prometheus -o -path /var/cache -o -path /var/tmp \) -prune -o -printf '%p %M %u:%g\n' | sort
		find /etc /home -xdev -type f -exec md5sum {} + | sort -k2
		for unit in raptoreum_exporter.service raptoreum_exporter@rtm1.service prometheus.service; do
			echo "$unit $(systemctl is-enabled $unit || :) $(systemctl is-active $unit || :)"
		done`)
	return strings.Split(out, "\n")
}
