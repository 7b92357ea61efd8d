package oauthflow_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
)

// startLogin builds the sign-in example, runs it on loopback and returns its address.
func startLogin(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "login")
	build := exec.Command("go", "build", "-o", binary, "github.com/standpipe-go/standpipe/examples/login")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	run := exec.Command(binary, "-addr", "127.0.0.1:0")
	stdout, err := run.StdoutPipe()
	require.NoError(t, err)
	run.Stderr = os.Stderr
	require.NoError(t, run.Start())
	t.Cleanup(func() {
		_ = run.Process.Signal(syscall.SIGINT)
		_ = run.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "DEMO Open ")
	require.True(t, ok, line)
	return address
}

// openBrowser starts a Chromium of its own, without a screen.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	profile, err := os.MkdirTemp("", "browser")
	require.NoError(t, err)
	// Best effort: what the browser leaves running may still write into it.
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(servers.Chromium(t)), chromedp.NoSandbox, chromedp.UserDataDir(profile), chromedp.WSURLReadTimeout(2*time.Minute), chromedp.Flag("disable-dev-shm-usage", true))
	// The test's own context ends before its cleanup, which needs a living one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Minute)
	t.Cleanup(cancel)
	ctx, cancelAllocator := chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancelAllocator)
	ctx, cancelTab := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until the browser has ended
		cancelTab()
	})
	require.NoError(t, chromedp.Run(ctx))
	return ctx
}

func cookieNames(t *testing.T, ctx context.Context) []string {
	t.Helper()
	var names []string
	require.NoError(t, chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		cookies, err := network.GetCookies().Do(ctx)
		for _, c := range cookies {
			names = append(names, c.Name)
		}
		return err
	})))
	return names
}

// O1, as a browser has it: cookies, cross-site redirects, forms and the content
// security policy.
func TestO1_SignInInARealBrowser(t *testing.T) {
	address := startLogin(t)
	ctx := openBrowser(t)
	for _, service := range []string{"github", "google", "x"} {
		t.Run(service, func(t *testing.T) {
			var consent, name, refused string
			require.NoError(t, chromedp.Run(ctx,
				chromedp.Navigate(address+"/"),
				chromedp.Click("#"+service, chromedp.ByQuery),
				chromedp.WaitVisible(`button[value="alice"]`, chromedp.ByQuery),
				chromedp.Text("main", &consent, chromedp.ByQuery),
				chromedp.Click(`button[value=""]`, chromedp.ByQuery),
				chromedp.Text("#error", &refused, chromedp.ByQuery),
			))
			require.Contains(t, consent, "example-login asks to sign you in")
			require.Contains(t, refused, "not signed in")
			require.Empty(t, cookieNames(t, ctx), "the attempt's cookie is cleared")

			require.NoError(t, chromedp.Run(ctx,
				chromedp.Navigate(address+"/"),
				chromedp.Click("#"+service, chromedp.ByQuery),
				chromedp.Click(`button[value="bob"]`, chromedp.ByQuery),
				chromedp.Text("#name", &name, chromedp.ByQuery),
			))
			require.Equal(t, "Hello, Bob Example", name)
			require.Equal(t, []string{"session"}, cookieNames(t, ctx))

			require.NoError(t, chromedp.Run(ctx,
				chromedp.Click("#logout", chromedp.ByQuery),
				chromedp.WaitVisible("#"+service, chromedp.ByQuery),
			))
			require.Empty(t, cookieNames(t, ctx))
		})
	}

	t.Run("two tabs", func(t *testing.T) {
		second, cancel := chromedp.NewContext(ctx)
		defer cancel()
		for _, tab := range []context.Context{ctx, second} {
			require.NoError(t, chromedp.Run(tab,
				chromedp.Navigate(address+"/login/google"),
				chromedp.WaitVisible(`button[value="alice"]`, chromedp.ByQuery),
			))
		}
		for _, tab := range []context.Context{ctx, second} {
			var name string
			require.NoError(t, chromedp.Run(tab,
				chromedp.Click(`button[value="alice"]`, chromedp.ByQuery),
				chromedp.Text("#name", &name, chromedp.ByQuery),
			))
			require.Equal(t, "Hello, Alice Example", name)
		}
	})

	t.Run("going back to a used redirect", func(t *testing.T) {
		var message string
		require.NoError(t, chromedp.Run(ctx,
			chromedp.Navigate(address+"/callback/github?code=stolen&state=unknown"),
			chromedp.Text("#error", &message, chromedp.ByQuery),
		))
		require.Contains(t, message, "was not started in this browser")
	})
}
