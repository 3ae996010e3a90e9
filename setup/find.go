package setup

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/host"
)

// node is a raptoreumd of this machine.
type node struct {
	name      string // of the instance of the template unit
	pid       int    // 0: it is not running
	user      user
	group     string
	confPath  string // raptoreum.conf, as raptoreumd names it
	readPath  string // the same, where it can be read; different in a container
	conf      daemon.Conf
	written   daemon.Conf // conf without the command line
	err       error       // why the conf could not be read
	unit      string
	container bool

	given  *host.Running // options of the command line
	state  daemon.State  // empty: it was not asked
	why    error         // why it has no answer
	protx  string        // empty: not known
	cookie bool          // it has no rpcpassword
	listen string        // address of its exporter
	known  bool          // the last run has set it up
}

const nobody = 65534

// title is the node for a person.
func (n *node) title() string {
	if n.pid == 0 {
		return fmt.Sprintf("raptoreumd of user %s, not running, %s", n.user.name, n.confPath)
	}
	return fmt.Sprintf("raptoreumd of user %s, pid %d, %s", n.user.name, n.pid, n.confPath)
}

// find returns the raptoreumd of this machine: those that run, and the usual places of others.
func (s System) find(past record) ([]*node, error) {
	users := s.users()
	h, err := host.New(host.Config{Procfs: s.path("/proc"), Home: func(uid uint64) (string, error) {
		u, known := byUID(users, int(uid))
		if !known {
			return "", fmt.Errorf("no user %d", uid)
		}
		return u.home, nil
	}})
	if err != nil {
		return nil, err
	}
	running, err := h.Running()
	if err != nil {
		return nil, err
	}
	var nodes []*node
	for _, r := range running {
		nodes = append(nodes, s.fromProcess(r, users))
	}
	nodes = append(nodes, s.fromUnits(users)...)
	for _, u := range users {
		conf := filepath.Join(u.home, ".raptoreumcore", "raptoreum.conf")
		if u.home != "/" && s.exists(conf) {
			nodes = append(nodes, &node{user: u, confPath: conf, readPath: s.path(conf)})
		}
	}
	for _, p := range past.Nodes {
		nodes = append(nodes, &node{user: s.ownerOf(p.Conf, users), confPath: p.Conf, readPath: s.path(p.Conf)})
	}
	nodes = distinct(nodes)
	for _, n := range nodes {
		_, n.known = past.placed(n.confPath)
		s.readConf(n)
	}
	return nodes, nil
}

// ownerOf returns the user that a file belongs to; without a file or a user, nobody.
func (s System) ownerOf(path string, users []user) user {
	if info, err := os.Stat(s.path(path)); err == nil {
		uid, _ := s.Owner(info)
		if u, known := byUID(users, uid); known {
			return u
		}
	}
	return user{name: "nobody", uid: nobody, gid: nobody}
}

// distinct drops a place that an earlier node has: running ones come first.
func distinct(nodes []*node) (kept []*node) {
	for _, n := range nodes {
		i := slices.IndexFunc(kept, func(k *node) bool { return k.confPath == n.confPath && !k.container })
		switch {
		case i < 0 || n.container:
			kept = append(kept, n)
		case kept[i].unit == "" && kept[i].pid == 0:
			kept[i].unit = n.unit
		}
	}
	return kept
}

func (s System) fromProcess(r host.Running, users []user) *node {
	n := &node{pid: r.PID, unit: r.Unit, container: r.Container, given: &r}
	n.user = user{name: strconv.FormatUint(r.UID, 10), uid: int(r.UID), gid: int(r.GID)}
	if u, known := byUID(users, n.user.uid); known && !r.Container {
		n.user = u
	}
	root := s.Root
	if r.Container {
		root = s.path(fmt.Sprintf("/proc/%d/root", r.PID))
		n.user.home = "/root" // of the usual images
		if u, known := byUID(System{Root: root}.users(), n.user.uid); known {
			n.user.home = u.home
		}
		n.unit = "" // systemd knows the container, not raptoreumd
	}
	n.confPath = confOf(r.Datadir, r.Conf, n.user.home)
	n.readPath = filepath.Join(root, n.confPath)
	return n
}

// confOf returns the raptoreum.conf of a raptoreumd with these options.
func confOf(datadir, conf, home string) string {
	dir := cmp.Or(datadir, filepath.Join(home, ".raptoreumcore"))
	conf = cmp.Or(conf, "raptoreum.conf")
	if !filepath.IsAbs(conf) {
		conf = filepath.Join(dir, conf)
	}
	return filepath.Clean(conf)
}

// fromUnits returns the raptoreumd of systemd units, which may be stopped.
func (s System) fromUnits(users []user) (nodes []*node) {
	for _, dir := range []string{"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"} {
		files, err := filepath.Glob(s.path(dir) + "/*.service")
		if err != nil {
			continue
		}
		for _, path := range files {
			text, err := readRegular(path, maxText)
			if err != nil || strings.Contains(filepath.Base(path), "@.") {
				continue
			}
			command := regexp.MustCompile(`(?m)^ExecStart=[-@:+!]*(\S*/raptoreumd)(\s.*)?$`).FindStringSubmatch(string(text))
			if command == nil {
				continue
			}
			name := "root"
			if found := regexp.MustCompile(`(?m)^User=(\S+)\s*$`).FindStringSubmatch(string(text)); found != nil {
				name = found[1]
			}
			i := slices.IndexFunc(users, func(u user) bool { return u.name == name || strconv.Itoa(u.uid) == name })
			if i < 0 {
				continue
			}
			conf := confOf(argument(command[2], "datadir"), argument(command[2], "conf"), users[i].home)
			nodes = append(nodes, &node{user: users[i], unit: filepath.Base(path), confPath: conf, readPath: s.path(conf)})
		}
	}
	return nodes
}

// argument returns the value of an option in a command line of a unit.
func argument(line, name string) (value string) {
	for _, word := range strings.Fields(line) {
		if v, ok := strings.CutPrefix(strings.TrimLeft(word, "-"), name+"="); ok {
			value = strings.Trim(v, `"'`)
		}
	}
	return value
}

// readConf reads the conf. Options on the command line take precedence.
func (s System) readConf(n *node) {
	n.group = s.groupName(n.user.gid)
	s.As(n.user.uid, n.user.gid, func() { n.conf, n.err = daemon.ReadConf(n.readPath, n.user.home) })
	if errors.Is(n.err, fs.ErrNotExist) && n.pid > 0 {
		n.conf, n.err = daemon.DefaultConf(n.readPath, n.user.home), nil // raptoreumd runs without one
	}
	if n.err != nil {
		return
	}
	n.cookie = n.conf.CookieFile != ""
	relocate(&n.conf, strings.TrimSuffix(n.readPath, n.confPath), "")
	n.written = n.conf
	if n.given == nil {
		return
	}
	if dir := n.given.Datadir; filepath.IsAbs(dir) {
		relocate(&n.conf, n.conf.Datadir, filepath.Clean(dir))
	}
	if port, err := strconv.ParseUint(n.given.Options["rpcport"], 10, 16); err == nil {
		n.conf.URL = regexp.MustCompile(`\d+$`).ReplaceAllString(n.conf.URL, strconv.FormatUint(port, 10))
	}
	if pid := n.given.Options["pid"]; filepath.IsAbs(pid) {
		n.conf.PidFile = filepath.Clean(pid)
	} else if pid != "" {
		n.conf.PidFile = filepath.Join(n.conf.NetworkDir, pid)
	}
}

// relocate changes the directory that the paths of a conf are in.
func relocate(c *daemon.Conf, from, to string) {
	for _, path := range []*string{&c.Datadir, &c.NetworkDir, &c.PidFile, &c.DebugLog, &c.CookieFile} {
		if rest, ok := strings.CutPrefix(*path, from); ok && *path != "" && (rest == "" || rest[0] == '/') {
			*path = to + rest
		}
	}
}

// nameAll gives each node a name for its instance, and an address for its exporter. Those of the last run stay.
func (s System) nameAll(nodes []*node, past record) {
	const first = 10227
	names, ports := map[string]bool{}, map[string]bool{}
	for _, n := range nodes {
		if p, ok := past.placed(n.confPath); ok {
			n.name, n.listen = p.Name, p.Listen
			names[n.name], ports[n.listen] = true, true
		}
	}
	if len(nodes) == 1 {
		nodes[0].name, nodes[0].listen = "", fmt.Sprintf("127.0.0.1:%d", first)
		return
	}
	for _, n := range nodes {
		base := regexp.MustCompile(`[^a-z0-9_-]+`).ReplaceAllString(strings.ToLower(n.user.name), "-")
		if n.container {
			base = "container"
		}
		for i := 2; n.name == ""; i++ {
			if !names[base] && !slices.Contains([]string{"flags", "rpcpassword", "watch"}, base) { // files of the others
				n.name = base
			}
			base = fmt.Sprintf("%s-%d", strings.TrimSuffix(base, fmt.Sprintf("-%d", i-1)), i)
		}
		names[n.name] = true
		for port := first; n.listen == "" && port < 1<<16; port++ {
			address := fmt.Sprintf("127.0.0.1:%d", port)
			// The exporter that the package has started gives way.
			if !ports[address] && (port == first || s.Free(address)) {
				n.listen = address
			}
		}
		ports[n.listen] = true
	}
}
