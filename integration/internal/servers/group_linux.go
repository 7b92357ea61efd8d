package servers

import "syscall"

// processGroup puts a server into a group of its own, and ends it with the
// test process should that be killed before its cleanups run.
func processGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
