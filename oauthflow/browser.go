package oauthflow

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"time"
)

// OpenBrowser shows an http or https address in the user's browser, with what
// the operating system has for that. It does not wait for the browser, but for a
// moment for the system to say that there is none: the error is then that of os/exec.
func OpenBrowser(ctx context.Context, address string) error {
	if !isWebURL(address) {
		return errors.New("not a web address")
	}
	// Not bound to ctx: the browser outlives the flow.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "xdg-open", address)
	switch runtime.GOOS {
	case "darwin":
		cmd = exec.CommandContext(context.WithoutCancel(ctx), "open", address)
	case "windows":
		cmd = exec.CommandContext(context.WithoutCancel(ctx), "rundll32", "url.dll,FileProtocolHandler", address)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // no zombie, however long it takes
	moment := time.NewTimer(openerPatience)
	defer moment.Stop()
	select {
	case err := <-ended:
		return err
	case <-moment.C:
	case <-ctx.Done():
	}
	return nil
}

// openerPatience is how long OpenBrowser waits for the system's opener to fail, which it
// does at once where there is no screen. Some openers are the browser itself and go on.
const openerPatience = time.Second
