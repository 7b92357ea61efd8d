package servers

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startTimeout = 90 * time.Second // a cold npm server on a busy two-core machine
	stopTimeout  = 5 * time.Second
	takenPause   = 200 * time.Millisecond
	keptOutput   = 1 << 20
	shownOutput  = 8 << 10
)

// Server is a running server.
type Server struct {
	URL  string // http://127.0.0.1:port, without a trailing slash
	Addr string // 127.0.0.1:port
	Port int

	started command
	cmd     *exec.Cmd
	out     *output
	exited  chan struct{} // closed when the process is gone
	err     error         // how it went; read after exited
}

// command describes how a server is started.
type command struct {
	name string
	args func(port int) []string // the program first
	env  func(port int) []string // added to the environment; may be nil
	dir  string
	// ready is a line of output to wait for; its first group, if it has one, is
	// the URL. nil: the port is dialled until it answers.
	ready *regexp.Regexp
	cred  *syscall.Credential
}

// start runs the command until the test ends.
func start(t testing.TB, c command) *Server {
	t.Helper()
	s, err := untilFree(c, func() (*Server, error) { return launch(c) })
	if err != nil {
		t.Fatalf("%s did not start: %v", c.name, err)
	}
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			t.Logf("%s printed:\n%s", c.name, s.out.tail())
		}
	})
	return s
}

// untilFree launches the command until it is ready, and again where it says that its
// port, or what else it takes, is in use: by another program, or by children of a server
// that was killed and which the system is slow to end.
func untilFree(c command, launch func() (*Server, error)) (*Server, error) {
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(takenPause) {
		s, err := launch()
		if err != nil {
			return nil, err
		}
		if err = s.waitReady(c.ready); err == nil {
			return s, nil
		}
		s.Stop()
		err = fmt.Errorf("%w; it printed:\n%s", err, s.out.tail())
		if !taken.MatchString(err.Error()) || time.Now().After(deadline) {
			return nil, err
		}
	}
}

// taken is how servers say so.
var taken = regexp.MustCompile(`in use|EADDRINUSE|port taken|is not open`)

func launch(c command) (*Server, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	return launchOn(c, port)
}

func launchOn(c command, port int) (*Server, error) {
	s := &Server{started: c, Port: port, Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), out: new(output), exited: make(chan struct{})}
	s.URL = "http://" + s.Addr
	argv := c.args(port)
	s.cmd = exec.Command(argv[0], argv[1:]...)
	s.cmd.Dir = c.dir
	s.cmd.Env = os.Environ()
	if c.env != nil {
		s.cmd.Env = append(s.cmd.Env, c.env(port)...)
	}
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	s.cmd.SysProcAttr = processGroup()
	s.cmd.SysProcAttr.Credential = c.cred
	// Children that outlive the process may keep its output open.
	s.cmd.WaitDelay = time.Second
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting it: %w", err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	return s, nil
}

func (s *Server) waitReady(ready *regexp.Regexp) error {
	deadline := time.Now().Add(startTimeout)
	for time.Now().Before(deadline) {
		select {
		case <-s.exited:
			return fmt.Errorf("it ended at once: %v", s.err)
		case <-time.After(20 * time.Millisecond):
		}
		if ready == nil {
			if conn, err := net.DialTimeout("tcp", s.Addr, time.Second); err == nil {
				conn.Close()
				return nil
			}
			continue
		}
		if m := ready.FindStringSubmatch(s.out.all()); m != nil {
			if len(m) > 1 {
				s.URL = strings.TrimSuffix(m[1], "/")
			}
			return nil
		}
	}
	return fmt.Errorf("not ready after %v", startTimeout)
}

// Restart starts the server again on its port, after Stop or Kill, with nothing of what
// it kept in memory.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	again, err := untilFree(s.started, func() (*Server, error) { return launchOn(s.started, s.Port) })
	if err != nil {
		t.Fatalf("%s did not start again: %v", s.started.name, err)
	}
	s.cmd, s.out, s.exited = again.cmd, again.out, again.exited
}

// Output returns what the server has printed so far, but for what is more than a megabyte
// ago.
func (s *Server) Output() string { return s.out.all() }

// Stop ends the server and its children before the test does, for tests of
// what happens then. It asks first and kills after five seconds.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill ends the server and its children with SIGKILL.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

func (s *Server) end(sig syscall.Signal) {
	// The group's ID is the process's own, and is not given out again while the
	// group has members.
	group := -s.cmd.Process.Pid
	_ = syscall.Kill(group, sig)
	select {
	case <-s.exited:
	case <-time.After(stopTimeout):
	}
	_ = syscall.Kill(group, syscall.SIGKILL) // what ignored the signal, and children left behind
	<-s.exited
}

// output keeps the end of what a process prints.
type output struct {
	mu  sync.Mutex
	buf []byte
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf = append(o.buf, p...)
	if extra := len(o.buf) - keptOutput; extra > 0 {
		o.buf = append(o.buf[:0], o.buf[extra:]...)
	}
	return len(p), nil
}

func (o *output) all() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(bytes.TrimSpace(o.buf))
}

// tail is as much as is shown where a test fails.
func (o *output) tail() string {
	all := o.all()
	return all[max(0, len(all)-shownOutput):]
}
