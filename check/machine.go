package check

import "fmt"

// judgePort: from the machine itself a router without NAT loopback may be to blame, so it is critical
// only when nobody comes in either, or when it was seen from outside.
func judgePort(f *facts) *Finding {
	reachable, known := f.value("port_reachable")
	address := f.address()
	phase := f.state("port_failed_phase", "phase")
	if address == noAddress {
		address = "its address"
	}
	text := fmt.Sprintf("the handshake with %s fails in phase %s", address, phase)
	next := []string{"sudo ss -lntp | grep raptoreumd   # does it listen there?", "sudo ufw status; sudo iptables -S | grep -E 'DROP|REJECT|10226'"}
	switch {
	case f.is(1, "probe_refused"):
		return unknown("not dialled: its registered address, %s, is not public", address)
	case !known && f.concerned():
		return unknown("not tried: no address is known, or none is registered")
	case !known:
		return nil
	case reachable == 1 && f.is(0, "port_mnauth_received"):
		return healthy("shakes hands; %s; it names no smartnode, which a ready one does", f.state("port_peer_info", "user_agent"))
	case reachable == 1:
		return healthy("shakes hands; %s", f.state("port_peer_info", "user_agent"))
	case f.downloading() || f.is(0, "sync_finished"):
		return unknown("%s, which is to be expected before the sync is finished", text)
	case f.outside():
		return critical("PortUnreachable", text, next...)
	case !f.ready() && !f.refused() && f.state("daemon_state", "state") != "":
		return unknown("%s, which is to be expected while raptoreumd is not ready", text)
	case f.is(0, "peers", "direction", "inbound"):
		return critical("PortUnreachable", text+", and no peer connects to it", next...)
	}
	return warning("PortUnreachable", text+", from this machine; look from another one too", next...)
}

func judgeIdentity(f *facts) *Finding {
	match, known := f.value("port_identity_match")
	switch {
	case !known:
		return nil
	case match == 0:
		return critical("PortIdentityMismatch", "another smartnode answers at the registered address", "sudo grep -n '^ *externalip *=' "+f.conf(), "raptoreum-cli smartnode status")
	}
	return healthy("the smartnode that is registered there")
}

const (
	memoryLeast = 0.08 // of all
	cpusLeast   = 2
	diskLow     = 3e9 // bytes
	diskEnd     = 1e9
	filesMost   = 0.8 // of what it may open
)

func judgeMemory(f *facts) *Finding {
	free, known := f.value("host_memory_available_bytes")
	total, _ := f.value("host_memory_total_bytes")
	text := fmt.Sprintf("%s of %s free", size(free), size(total))
	if swap, told := f.value("host_swap_total_bytes"); told && swap == 0 {
		text += ", no swap"
	}
	switch {
	case !known || total == 0:
		return nil
	case free/total < memoryLeast:
		return warning("HostMemoryLow", text+": the kernel kills raptoreumd next", "ps -eo rss,comm --sort=-rss | head -n 5")
	}
	return healthy("%s", text)
}

func judgeCPU(f *facts) *Finding {
	cpus, known := f.value("host_cpus")
	switch {
	case !known:
		return nil
	case cpus < cpusLeast:
		return healthy("%.0f core; the guides ask for 2", cpus)
	}
	return healthy("%.0f cores", cpus)
}

func judgeDisk(f *facts) *Finding {
	free, known := f.value("datadir_free_bytes")
	total, _ := f.value("datadir_size_bytes")
	text := fmt.Sprintf("%s of %s free where the chain is", size(free), size(total))
	next := []string{"sudo journalctl --vacuum-size=200M", "du -xh " + f.datadir() + " | sort -h | tail -n 5"}
	switch {
	case !known:
		return nil
	case free < diskEnd:
		return critical("DatadirFillingUp", text+": raptoreumd stops by itself below 50 MiB", next...)
	case free < diskLow:
		return warning("DatadirFillingUp", text, next...)
	}
	return healthy("%s", text)
}

func judgeFiles(f *facts) *Finding {
	open, known := f.value("process_open_fds")
	most, _ := f.value("process_max_fds")
	switch {
	case !known || most == 0:
		return nil
	case open/most > filesMost:
		return warning("FileDescriptorsLow", fmt.Sprintf("%.0f of %.0f open", open, most), "systemctl show 'raptoreum*' -p Id,LimitNOFILE")
	}
	return healthy("%.0f of %.0f open", open, most)
}

func judgeRelease(f *facts) *Finding {
	newer, known := f.value("release_update_available")
	newest := f.state("release_info", "version")
	switch {
	case !known:
		return nil
	case newer == 1:
		return warning("UpdateAvailable", fmt.Sprintf("%s is out, this is %s", newest, f.state("daemon_info", "version")))
	}
	return healthy("%s is the newest", newest)
}
