// Package visitor plays the user in front of an authorization server's own
// pages: it fills in what they ask until they send the browser back.
package visitor

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// Visitor is a browser that somebody sits at. Use a new one for each person.
type Visitor struct {
	// Answer fills in the form of a page: the names and values found there come in, and
	// what is to be sent goes out.
	Answer func(page string, form url.Values) url.Values

	browser *http.Client
}

// New returns a visitor with an empty cookie jar.
func New(answer func(page string, form url.Values) url.Values) (*Visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &Visitor{Answer: answer, browser: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

const maxSteps = 30

// Visit opens the page at and answers what it asks, and the pages after it, until the
// server redirects to an address that begins with redirect, which is returned without
// being opened. With an empty redirect it ends at a page without a form, which is
// returned as text.
func (v *Visitor) Visit(ctx context.Context, at, redirect string) (back *url.URL, page string, err error) {
	var form url.Values
	for range maxSteps {
		to, page, err := v.step(ctx, at, form)
		if err != nil {
			return nil, "", err
		}
		if to != nil {
			if redirect != "" && strings.HasPrefix(to.String(), redirect) {
				return to, "", nil
			}
			at, form = to.String(), nil
			continue
		}
		action, fields, ok := firstForm(page)
		if !ok {
			if redirect == "" {
				return nil, page, nil
			}
			return nil, "", fmt.Errorf("the server shows a page without a form: %.300s", page)
		}
		form = v.Answer(page, fields)
		next, err := resolve(at, action)
		if err != nil {
			return nil, "", err
		}
		at = next
	}
	return nil, "", fmt.Errorf("the server's pages do not end")
}

func (v *Visitor) step(ctx context.Context, at string, form url.Values) (to *url.URL, page string, err error) {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, at, body)
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := v.browser.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, "", err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		to, err := resp.Location()
		return to, "", err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("the server answered %d: %.300s", resp.StatusCode, data)
	}
	return nil, string(data), nil
}

var (
	formTag   = regexp.MustCompile(`(?s)<form([^>]*)>(.*?)</form>`)
	inputTag  = regexp.MustCompile(`(?s)<(?:input|button)([^>]*)>`)
	attribute = regexp.MustCompile(`([a-zA-Z-]+)="([^"]*)"`)
)

func attributes(tag string) map[string]string {
	out := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
		out[strings.ToLower(m[1])] = html.UnescapeString(m[2])
	}
	return out
}

func firstForm(page string) (action string, fields url.Values, ok bool) {
	m := formTag.FindStringSubmatch(page)
	if m == nil {
		return "", nil, false
	}
	fields = url.Values{}
	for _, in := range inputTag.FindAllStringSubmatch(m[2], -1) {
		if a := attributes(in[1]); a["name"] != "" {
			fields.Add(a["name"], a["value"])
		}
	}
	return attributes(m[1])["action"], fields, true
}

func resolve(at, action string) (string, error) {
	base, err := url.Parse(at)
	if err != nil {
		return "", err
	}
	u, err := base.Parse(action)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}
