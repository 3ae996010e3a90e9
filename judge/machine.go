package judge

import (
	"fmt"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/alerts"
	"raptoreum_exporter/internal/text"
)

// judgePort is critical only when it was tested from outside, or when no peer connects either: from the
// machine itself, a router without NAT loopback may be the cause.
func judgePort(f *facts) *Finding {
	reachable, known := f.value("port_reachable")
	address := f.address()
	phase := f.state("port_failed_phase", "phase")
	registered := "the registered address " + address
	if address == noAddress {
		address, registered = "the smartnode", "the registered address"
	}
	text := fmt.Sprintf("the handshake with %s fails in phase %s", address, phase)
	next := []string{"sudo ss -lntp | grep raptoreumd   # is it listening there?", "sudo ufw status; sudo iptables -S | grep -E 'DROP|REJECT|10226'"}
	switch {
	case f.is(1, "probe_refused"):
		return unknown("not tried: %s is not public", registered)
	case !known && f.hasSmartnode() && f.outside() && address != "the smartnode":
		return unknown("no handshake with %s within the last 3 minutes", registered)
	case !known && f.hasSmartnode():
		return unknown("not tried: the address is unknown, or none is registered")
	case !known:
		return nil
	case reachable == 1 && f.is(0, "port_mnauth_received") && f.shouldIdentify():
		return warning("PortIdentityMissing", fmt.Sprintf("the handshake with %s succeeded, but it did not identify itself, as a ready smartnode does", address)+
			"; if it was started, registered or revived within the hour, check again later", "raptoreum-cli smartnode status   # on its machine")
	case reachable == 1 && f.is(0, "port_mnauth_received"):
		return healthy("handshake succeeded (%s), but it did not identify itself; a ready smartnode does", f.state("port_peer_info", "user_agent"))
	case reachable == 1:
		return healthy("handshake succeeded (%s)", f.state("port_peer_info", "user_agent"))
	case f.downloading() || f.is(0, "sync_finished"):
		return unknown("%s, as expected before the sync is finished", text)
	case f.outside():
		return critical("PortUnreachable", text, next...)
	case !f.answers() && !f.refused() && f.state("daemon_state", "state") != "":
		return unknown("%s, as expected while raptoreumd is not ready", text)
	case f.is(0, "peers", "direction", "inbound"):
		return critical("PortUnreachable", text+", and no peer connects to it", next...)
	}
	return warning("PortUnreachable", text+", from this machine; test it from another one too", next...)
}

// shouldIdentify reports whether the smartnode is one that identifies itself in a handshake. One that is known not to be
// ready has a finding of its own.
func (f *facts) shouldIdentify() bool {
	state := f.state("smartnode_state", "state")
	banned := f.is(1, "smartnode_pose_banned") || slices.ContainsFunc(f.samples("explorer_smartnode_pose_banned"), func(s *dto.Metric) bool { return valueOf(s) == 1 })
	return f.is(1, "smartnode_registered") && !banned && (state == "" || state == "ready") && !f.downloading() && !f.is(0, "sync_finished")
}

func judgeIdentity(f *facts) *Finding {
	match, known := f.value("port_identity_match")
	switch {
	case !known:
		return nil
	case match == 0:
		return critical("PortIdentityMismatch", "another smartnode answers at the registered address", "sudo grep -n '^ *externalip *=' "+f.conf(), "raptoreum-cli smartnode status")
	}
	return healthy("matches the registration")
}

// judgeMemory judges the tighter of the machine and the limit of raptoreumd's container or unit.
func judgeMemory(f *facts) *Finding {
	free, known := f.value("host_memory_available_bytes")
	total, _ := f.value("host_memory_total_bytes")
	if !known || total == 0 {
		return nil
	}
	of := ""
	if swap, known := f.value("host_swap_total_bytes"); known && swap == 0 {
		of = ", no swap"
	}
	limit, limited := f.value("daemon_memory_limit_bytes")
	used, measured := f.value("daemon_memory_used_bytes")
	if limited && measured && (limit-used)/limit < free/total {
		free, total, of = limit-used, limit, " by the limit of raptoreumd's container or unit"
	}
	text := fmt.Sprintf("%s of %s available%s", formatBytes(free), formatBytes(total), of)
	if free/total < alerts.MinMemory {
		return warning("HostMemoryLow", text+": the kernel may soon kill raptoreumd", "ps -eo rss,comm --sort=-rss | head -n 5")
	}
	return healthy("%s", text)
}

// judgeCPU judges the tighter of the machine and raptoreumd's CPU limit.
func judgeCPU(f *facts) *Finding {
	cpus, known := f.value("host_cpus")
	if !known {
		return nil
	}
	cores := text.Count(cpus, "core")
	if limit, limited := f.value("daemon_cpu_limit_cores"); limited && limit < cpus {
		cores = fmt.Sprintf("%s, but raptoreumd is limited to %.3g", cores, limit)
		cpus = limit
	}
	if cpus < alerts.MinCPUs {
		return healthy("%s; the guides recommend %d", cores, alerts.MinCPUs)
	}
	return healthy("%s", cores)
}

func judgeDisk(f *facts) *Finding {
	free, known := f.value("datadir_free_bytes")
	total, _ := f.value("datadir_size_bytes")
	text := fmt.Sprintf("%s of %s free where the data directory is", formatBytes(free), formatBytes(total))
	next := []string{"sudo journalctl --vacuum-size=200M", "du -xh " + f.datadir() + " | sort -h | tail -n 5"}
	switch {
	case !known:
		return nil
	case free < alerts.FullDisk:
		return critical("DatadirFillingUp", text+": raptoreumd stops by itself below 50 MiB", next...)
	case free < alerts.LowDisk:
		return warning("DatadirFillingUp", text, next...)
	}
	return healthy("%s", text)
}

func judgeFiles(f *facts) *Finding {
	open, known := f.value("process_open_fds")
	limit, _ := f.value("process_max_fds")
	switch {
	case !known || limit == 0:
		return nil
	case open/limit > alerts.MaxOpenFiles:
		return warning("FileDescriptorsLow", fmt.Sprintf("%.0f of %.0f open", open, limit), "systemctl show 'raptoreum*' -p Id,LimitNOFILE")
	}
	return healthy("%.0f of %.0f open", open, limit)
}

func judgeRelease(f *facts) *Finding {
	newer, known := f.value("release_update_available")
	latest := f.state("release_info", "version")
	switch {
	case !known:
		return nil
	case newer == 1:
		return warning("UpdateAvailable", fmt.Sprintf("%s is available; this is %s", latest, f.state("daemon_info", "version")))
	}
	return healthy("%s is the latest", latest)
}
