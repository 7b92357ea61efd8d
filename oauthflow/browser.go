package oauthflow

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
)

// OpenBrowser shows an http or https address in the user's browser, with what
// the operating system has for that. It does not wait for the browser.
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
	go func() { _ = cmd.Wait() }() // no zombie
	return nil
}
