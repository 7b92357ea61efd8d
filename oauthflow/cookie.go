package oauthflow

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	cookiePrefix = "oauth-"
	hostPrefix   = "__Host-" // RFC 6265bis section 4.1.3: Secure, Path=/, no Domain
	maxAttempts  = 8         // cookies of one browser, so that abandoned attempts do not swell the header
	maxCookie    = 4 << 10   // RFC 6265 section 6.1: browsers drop a longer one
	maxCookies   = 8 << 10   // bytes of all of them: proxies limit the header
	maxFormPost  = 64 << 10
)

// Start sends the browser to the provider, having set one cookie that belongs
// to this attempt, so that attempts in two tabs do not disturb each other. On
// error it has written nothing.
func (c *Client) Start(w http.ResponseWriter, r *http.Request, opts ...BeginOption) error {
	a, err := c.Begin(r.Context(), opts...)
	if err != nil {
		return err
	}
	cookie := c.cookie(cookieName(c.secureCookies(), a.State), a.Sealed)
	cookie.MaxAge = int(attemptLifetime.Seconds())
	if len(cookie.String()) > maxCookie {
		return fmt.Errorf("oauthflow: start: %w", errTooLong)
	}
	c.evictAttempts(w, r)
	http.SetCookie(w, cookie)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, a.URL, http.StatusSeeOther)
	return nil
}

// Finish handles the provider's redirect back: it finds the attempt's cookie,
// clears it, and does what [Client.Complete] does. It writes headers only;
// responding is up to the caller: put the user into a session of your own, and
// redirect to Result.ReturnTo.
func (c *Client) Finish(w http.ResponseWriter, r *http.Request) (*Result, error) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	params, err := c.callbackParams(w, r)
	if err != nil {
		return nil, &CallbackError{Err: err}
	}
	name := cookieName(c.secureCookies(), params.Get("state"))
	cookies := r.CookiesNamed(name)
	if params.Get("state") == "" || len(cookies) != 1 {
		return nil, newCallbackError(params, ErrState)
	}
	clear := c.cookie(name, "")
	clear.MaxAge = -1
	http.SetCookie(w, clear)
	return c.Complete(r.Context(), cookies[0].Value, params)
}

// callbackParams takes the parameters from where the response mode puts them,
// and from nowhere else.
func (c *Client) callbackParams(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.URL.Path != c.callbackPath {
		return nil, fmt.Errorf("%w, which is %q", ErrCallbackPath, c.callbackPath)
	}
	if c.formPost() {
		if r.Method != http.MethodPost {
			return nil, fmt.Errorf("%w: the method must be POST", ErrCallbackMalformed)
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxFormPost)
		if err := r.ParseForm(); err != nil {
			return nil, fmt.Errorf("%w: the form cannot be read", ErrCallbackMalformed)
		}
		return r.PostForm, nil
	}
	if r.Method != http.MethodGet {
		return nil, fmt.Errorf("%w: the method must be GET", ErrCallbackMalformed)
	}
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: the query cannot be read", ErrCallbackMalformed)
	}
	return params, nil
}

func (c *Client) formPost() bool { return c.cfg.Provider.ResponseMode == "form_post" }

// secureCookies is false only for development on http://localhost.
func (c *Client) secureCookies() bool {
	return c.formPost() || c.callbackTLS
}

func (c *Client) cookie(name, value string) *http.Cookie {
	cookie := &http.Cookie{
		Name: name, Value: value, Path: "/", HttpOnly: true,
		Secure: c.secureCookies(), SameSite: http.SameSiteLaxMode,
	}
	if c.formPost() {
		// A cross-site POST carries no Lax cookie.
		cookie.SameSite = http.SameSiteNoneMode
	}
	return cookie
}

// cookieName names the cookie of one attempt without showing its state.
func cookieName(secure bool, state string) string {
	sum := sha256.Sum256([]byte(state))
	name := cookiePrefix + base64.RawURLEncoding.EncodeToString(sum[:12])
	if secure {
		return hostPrefix + name
	}
	return name
}

// evictAttempts clears the oldest cookies of abandoned attempts. Browsers send
// older cookies first (RFC 6265 section 5.4).
func (c *Client) evictAttempts(w http.ResponseWriter, r *http.Request) {
	prefix := cookiePrefix
	if c.secureCookies() {
		prefix = hostPrefix + cookiePrefix
	}
	kept, size := 0, 0
	for _, cookie := range slices.Backward(r.Cookies()) {
		if !strings.HasPrefix(cookie.Name, prefix) {
			continue
		}
		kept++
		size += len(cookie.Name) + len(cookie.Value)
		if kept >= maxAttempts || size > maxCookies {
			clear := c.cookie(cookie.Name, "")
			clear.MaxAge = -1
			http.SetCookie(w, clear)
		}
	}
}
