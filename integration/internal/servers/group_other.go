//go:build !linux

package servers

import "syscall"

// processGroup puts a server into a group of its own.
func processGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
