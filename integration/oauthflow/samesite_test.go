package oauthflow_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

// O1: the cookie survives the way back from another site, by a redirect and by
// a form, in a browser that enforces SameSite. To it localhost and 127.0.0.1 are
// two sites.
func TestO1_SameSiteInARealBrowser(t *testing.T) {
	ctx := openBrowser(t)
	for _, mode := range []string{"", "form_post"} {
		t.Run("mode "+mode, func(t *testing.T) {
			app := httptest.NewUnstartedServer(nil)
			_, port, err := net.SplitHostPort(app.Listener.Addr().String())
			require.NoError(t, err)
			address := "http://localhost:" + port
			srv := oauthtest.Start(t, oauthtest.Config{
				Clients: []oauthtest.Client{{ID: "web", Secret: "web-secret", RedirectURIs: []string{address + "/callback"}}},
			})
			cfg := srv.ClientConfig("web")
			cfg.Provider.ResponseMode = mode
			c, err := oauthflow.New(cfg, oauthflow.WithHTTPClient(srv.HTTPClient()), oauthflow.WithSingleUse(&oauthflow.MemoryUses{}))
			require.NoError(t, err)
			mux := http.NewServeMux()
			mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
				if err := c.Start(w, r); err != nil {
					http.Error(w, err.Error(), http.StatusInternalServerError)
				}
			})
			mux.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
				res, err := c.Finish(w, r)
				w.Header().Set("Content-Type", "text/html")
				if err != nil {
					fmt.Fprintf(w, "<p id=result>%v</p>", err)
					return
				}
				fmt.Fprintf(w, "<p id=result>%s by %s</p>", res.IDToken.Subject, r.Method)
			})
			app.Config.Handler = mux
			app.Start()
			t.Cleanup(app.Close)

			var result string
			require.NoError(t, chromedp.Run(ctx,
				chromedp.Navigate(address+"/login"),
				chromedp.Click(`button[value="alice"]`, chromedp.ByQuery),
				chromedp.Text("#result", &result, chromedp.ByQuery),
			))
			want := "alice by GET"
			if mode == "form_post" {
				want = "alice by POST"
			}
			require.Equal(t, want, result)
			require.Empty(t, cookieNames(t, ctx), "cleared")
		})
	}
}
