package oauthflow_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func TestO1_WhichCookiesAreCleared(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	cleared := func(cookies ...*http.Cookie) (names []string) {
		r := httptest.NewRequest(http.MethodGet, "https://app.test/login", nil)
		for _, cookie := range cookies {
			r.AddCookie(cookie)
		}
		rec := httptest.NewRecorder()
		require.NoError(t, c.Start(rec, r))
		for _, set := range rec.Result().Cookies() {
			if set.MaxAge < 0 {
				names = append(names, set.Name)
			}
		}
		return names
	}
	ours := func(i, size int) *http.Cookie {
		name := fmt.Sprintf("__Host-oauth-%d", i)
		return &http.Cookie{Name: name, Value: strings.Repeat("v", size-len(name))}
	}
	var seven, eight []*http.Cookie
	for i := range 8 {
		eight = append(eight, ours(i, 100))
	}
	seven = eight[:7]
	require.Empty(t, cleared(seven...))
	require.Equal(t, []string{"__Host-oauth-0"}, cleared(eight...), "the oldest")
	require.Empty(t, cleared(ours(1, 8<<10)), "8 KiB are kept")
	require.Equal(t, []string{"__Host-oauth-1"}, cleared(ours(1, 8<<10+1)))
	require.Equal(t, []string{"__Host-oauth-1"}, cleared(ours(1, 100), ours(2, 8<<10)))
	require.Empty(t, cleared(
		&http.Cookie{Name: "session", Value: strings.Repeat("v", 9<<10)}, &http.Cookie{Name: "oauth-1", Value: strings.Repeat("v", 9<<10)},
	), "others' cookies are others' business")
}

func TestO1_FormPostThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider.ResponseMode = "form_post" })
	b := newBrowser(t)
	back, err := s.Authorize(b.start(c), "alice")
	require.NoError(t, err)
	post := func(body string) error {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://app.test/callback", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		_, err := c.Finish(httptest.NewRecorder(), b.send(r))
		return err
	}
	pad := "&pad=" + strings.Repeat("x", 64<<10-len(back.RawQuery)-len("&pad="))
	require.ErrorIs(t, post(back.RawQuery+"&a=%zz"), oauthflow.ErrCallbackMalformed)
	require.ErrorIs(t, post(back.RawQuery+pad+"x"), oauthflow.ErrCallbackMalformed, "over 64 KiB")
	require.NoError(t, post(back.RawQuery+pad))
	// What is in the query is not what was posted.
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, back.String(), strings.NewReader(""))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, err = c.Finish(httptest.NewRecorder(), r)
	require.ErrorIs(t, err, oauthflow.ErrState)
}
