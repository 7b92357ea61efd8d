package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// walk signs in and out as a browser does, over HTTP, and prints each step.
func walk(ctx context.Context, base string, out io.Writer) error {
	for _, name := range []string{"github", "google", "x"} {
		v, err := newVisitor(ctx, base, out)
		if err != nil {
			return err
		}
		if err := v.signIn(name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	fmt.Fprintln(out, "\nDone: three services, three refusals, no network.")
	return nil
}

// visitor is a browser without a screen.
type visitor struct {
	ctx  context.Context
	base string
	out  io.Writer
	http *http.Client
}

func newVisitor(ctx context.Context, base string, out io.Writer) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v := &visitor{ctx: ctx, base: base, out: out}
	v.http = &http.Client{Jar: jar, Timeout: time.Minute, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) > 10 {
			return errors.New("too many redirects")
		}
		fmt.Fprintf(out, "  → %s\n", brief(req.URL))
		return nil
	}}
	return v, nil
}

// brief leaves out the values of a query: codes and states are nobody's
// business.
func brief(u *url.URL) string {
	var names []string
	for _, pair := range strings.Split(u.RawQuery, "&") {
		if name, _, ok := strings.Cut(pair, "="); ok {
			names = append(names, name)
		}
	}
	s := u.Scheme + "://" + u.Host + u.Path
	if len(names) > 0 {
		s += "?" + strings.Join(names, "&")
	}
	return s
}

func (v *visitor) signIn(service string) error {
	v.say("\nSign in with %s, and refuse", service)
	if _, err := v.decide(service, "", "you are not signed in"); err != nil {
		return err
	}
	v.say("Sign in with %s, and consent as Alice", service)
	page, err := v.decide(service, "alice", "Hello, Alice Example")
	if err != nil {
		return err
	}
	v.say("  the page says: %s", heading(page))
	v.say("Sign out")
	_, _, err = v.send(http.MethodPost, v.base+"/logout", url.Values{}, "Choose how you want to continue")
	return err
}

// decide goes to the consent page and presses a button on it.
func (v *visitor) decide(service, subject, want string) (string, error) {
	at, page, err := v.send(http.MethodGet, v.base+"/login/"+service, nil, `name="query"`)
	if err != nil {
		return "", err
	}
	query := regexp.MustCompile(`name="query" value="([^"]*)"`).FindStringSubmatch(page)
	if query == nil {
		return "", errors.New("the consent page has no form")
	}
	form := url.Values{"query": {html.UnescapeString(query[1])}, "subject": {subject}}
	_, page, err = v.send(http.MethodPost, at.Scheme+"://"+at.Host+"/authorize", form, want)
	return page, err
}

// send returns where the redirects led to and the page there, which must say
// want.
func (v *visitor) send(method, address string, form url.Values, want string) (*url.URL, string, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(v.ctx, method, address, body)
	if err != nil {
		return nil, "", err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	fmt.Fprintf(v.out, "  %s %s\n", method, brief(req.URL))
	resp, err := v.http.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, "", err
	}
	if !strings.Contains(string(page), want) {
		return nil, "", fmt.Errorf("status %d, and the page does not say %q", resp.StatusCode, want)
	}
	return resp.Request.URL, string(page), nil
}

func heading(page string) string {
	m := regexp.MustCompile(`<h1[^>]*>([^<]*)</h1>`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

func (v *visitor) say(format string, args ...any) { fmt.Fprintf(v.out, format+"\n", args...) }
