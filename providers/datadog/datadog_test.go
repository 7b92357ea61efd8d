package datadog_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// conformance is what the suite needs to know of Datadog.
var conformance = adapter(func(src secret.Source) datadog.Config {
	return datadog.Config{APIKey: src, ApplicationKey: secret.Static("app-key")}
}, "DD-API-KEY")

// adapter tells the suite about the one or the other key.
func adapter(config func(secret.Source) datadog.Config, header string) providertest.Adapter {
	return providertest.Adapter{
		Profile: datadog.Profile,
		New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
			c, err := datadog.New(config(key), opts...)
			if err != nil {
				return nil, err
			}
			return &providertest.Calls{
				HTTP:  c.HTTP,
				Write: func(ctx context.Context) error { _, err := datadog.PostEvent.Do(ctx, c.HTTP, event); return err },
				Read: func(ctx context.Context) error {
					_, err := datadog.GetMonitor.Do(ctx, c.HTTP, datadog.GetMonitorInput{ID: "1"})
					return err
				},
			}, nil
		},
		Credential: func(r clienttest.Recorded) string { return r.Header.Get(header) },
		Success:    clienttest.JSON(200, `{"status":"ok","event":{"id":1,"id_str":"1"},"id":1,"name":"n","type":"query alert","query":"q"}`),
		Failure:    clienttest.JSON(400, `{"errors":["The value provided for parameter 'query' is invalid","Bad."]}`),
		Message:    "The value provided for parameter 'query' is invalid; Bad.",
		Throttle: clienttest.JSON(429, `{"errors":["Too many requests"]}`).Header("X-RateLimit-Limit", "100").Header("X-RateLimit-Period", "60").
			Header("X-RateLimit-Remaining", "0").Header("X-RateLimit-Reset", "1").Header("X-RateLimit-Name", "monitor_get"),
	}
}

// P2, C20: Datadog in the one conformance suite, with its one key and its other.
func TestP2_Conformance(t *testing.T) {
	providertest.Run(t, conformance)
	t.Run("the application key", func(t *testing.T) {
		providertest.Run(t, adapter(func(src secret.Source) datadog.Config {
			if src == nil {
				src = secret.Static("") // none at all is fine
			}
			return datadog.Config{APIKey: secret.Static("api-key"), ApplicationKey: src}
		}, "DD-APPLICATION-KEY"))
	})
}

func TestTheTableOfOperations(t *testing.T) {
	require.NoError(t, datadog.Operations.Check())
}

// A program that submits has no application key, and sends none.
func TestAnApplicationKeyIsNotNeeded(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.MustParse(`200 {"valid":true}`)...)
	c, err := datadog.New(datadog.Config{APIKey: secret.Static("api-key")}, client.WithTransport(rt))
	require.NoError(t, err)
	v, err := datadog.Validate.Do(t.Context(), c.HTTP, client.None{})
	require.NoError(t, err)
	require.True(t, v.Valid)
	require.Equal(t, "api-key", rt.Last().Header.Get("Dd-Api-Key"))
	require.NotContains(t, rt.Last().Header, "Dd-Application-Key")
	require.NotContains(t, rt.Last().Header, "Authorization")
}

// C14: each site has three hosts, and the keys go to those of one site alone.
func TestC14_EachSiteHasItsHosts(t *testing.T) {
	for _, site := range []datadog.Site{
		"", "datadoghq.com", "us3.datadoghq.com", "us5.datadoghq.com", "datadoghq.eu", "ap1.datadoghq.com", "ap2.datadoghq.com", "uk1.datadoghq.com",
		"ddog-gov.com", "us2.ddog-gov.com",
	} {
		rt := clienttest.NewTransport(t, clienttest.MustParse(`202 {}`)...)
		cfg := both
		cfg.Site = site
		c, err := datadog.New(cfg, client.WithTransport(rt))
		require.NoError(t, err, site)
		name := string(site)
		if site == "" {
			name = "datadoghq.com"
		}
		host := func() string {
			require.NotEmpty(t, rt.Last().Header.Get("Dd-Api-Key"))
			require.NotEmpty(t, rt.Last().Header.Get("Dd-Application-Key"))
			return rt.Last().Host + rt.Last().URL
		}
		_, err = datadog.SubmitLogs.Do(t.Context(), c.HTTP, []datadog.Log{{Message: "m"}})
		require.NoError(t, err)
		require.Equal(t, "http-intake.logs."+name+"/api/v2/logs", host())
		_, err = datadog.SubmitEvent.Do(t.Context(), c.HTTP, datadog.EventInput{Title: "t", Category: "alert", Attributes: map[string]string{"status": "ok"}})
		require.NoError(t, err)
		require.Equal(t, "event-management-intake."+name+"/api/v2/events", host())
		_, err = datadog.PostEvent.Do(t.Context(), c.HTTP, event)
		require.NoError(t, err)
		require.Equal(t, "api."+name+"/api/v1/events", host())
		_, err = client.Get[client.None](t.Context(), c.HTTP, "/api/v2/events")
		require.NoError(t, err)
		require.Equal(t, "api."+name+"/api/v2/events", host(), "what is read there is the API's")

		sent := rt.Count()
		for _, other := range []string{"https://api.ap1.datadoghq.com.example.net/", "https://api.us5.datadoghq.eu/", "https://app." + name + "/", "http://api." + name + "/"} {
			_, err = client.Call[client.None](t.Context(), c.HTTP, client.Request{URL: other})
			require.ErrorIs(t, err, client.ErrOrigin, other)
		}
		require.Equal(t, sent, rt.Count())
	}
	for _, none := range []datadog.Site{"us1.datadoghq.com", "https://datadoghq.eu", "app.datadoghq.eu", "datadoghq.eu ", "DATADOGHQ.EU", "evil.example.net"} {
		cfg := both
		cfg.Site = none
		_, err := datadog.New(cfg)
		require.ErrorIs(t, err, client.ErrConfig, none)
		_, err = datadog.HTTPClient(cfg)
		require.ErrorIs(t, err, client.ErrConfig, none)
	}
}

// A base URL of the user's own, such as a proxy's, gets what the intakes get elsewhere.
func TestABaseURLOfOnesOwnGetsEverything(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.MustParse(`202 {}`)...)
	c, err := datadog.New(both, client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	_, err = datadog.SubmitLogs.Do(t.Context(), c.HTTP, []datadog.Log{{Message: "m"}})
	require.NoError(t, err)
	require.Equal(t, "/api/v2/logs", srv.Last().URL)
	require.Equal(t, "api-key-0123456789", srv.Last().Header.Get("Dd-Api-Key"))
}

// C14: an intake that leads elsewhere gets no key there.
func TestC14_AnIntakesRedirectTakesNoKeyAlong(t *testing.T) {
	c, rt := scripted(t, `307 Location=https://elsewhere.example.net/api/v2/logs, 202 {}`)
	_, _ = datadog.SubmitLogs.Do(t.Context(), c.HTTP, []datadog.Log{{Message: "m"}})
	for _, r := range rt.Requests()[1:] {
		require.NotContains(t, fmt.Sprint(r.Header), "key-0123456789")
	}
}

// X3: Datadog says "Forbidden" of a key that is not valid, never which, so both are read
// again, once.
func TestX3_ARotatedKeyIsReadAgain(t *testing.T) {
	for _, header := range []string{"DD-API-KEY", "DD-APPLICATION-KEY"} {
		file := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(file, []byte("old"), 0o600))
		valid := "old"
		srv := clienttest.NewServer(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.Header.Get(header) != valid {
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(`{"status":"error","code":403,"errors":["Forbidden"],"statuspage":"http://status.datadoghq.com"}`))
				return
			}
			_, _ = w.Write([]byte(`{"id":1,"type":"t","query":"q"}`))
		}))
		cfg := both
		if header == "DD-API-KEY" {
			cfg.APIKey = secret.Cache(secret.File(file), time.Hour)
		} else {
			cfg.ApplicationKey = secret.Cache(secret.File(file), time.Hour)
		}
		c, err := datadog.New(cfg, client.WithBaseURL(srv.URL))
		require.NoError(t, err)
		t.Cleanup(c.HTTP.CloseIdleConnections)
		get := func() error {
			_, err := datadog.GetMonitor.Do(t.Context(), c.HTTP, datadog.GetMonitorInput{ID: "1"})
			return err
		}
		require.NoError(t, get())
		require.NoError(t, os.WriteFile(file, []byte("new"), 0o600))
		valid = "new"
		require.NoError(t, get())
		require.Equal(t, 3, srv.Count())
		valid = "another"
		require.ErrorIs(t, get(), client.ErrUnauthorized)
		require.Equal(t, 4, srv.Count(), "a key that has not changed is not tried again")
	}
}

// stuck is a source that cannot be read again.
type stuck struct{ secret.Source }

func (stuck) Refresh(context.Context) error { return os.ErrPermission }

// X3: one source that cannot be read again does not keep a new key of the other from
// being tried.
func TestX3_OneKeyIsEnough(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("DD-API-KEY") != "new" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"errors":["Forbidden"]}`))
			return
		}
		_, _ = w.Write([]byte(`{"valid":true}`))
	}))
	validate := func(api secret.Source) error {
		c, err := datadog.New(datadog.Config{APIKey: api, ApplicationKey: stuck{secret.Static("app-key")}}, client.WithBaseURL(srv.URL))
		require.NoError(t, err)
		t.Cleanup(c.HTTP.CloseIdleConnections)
		_, err = datadog.Validate.Do(t.Context(), c.HTTP, client.None{})
		return err
	}
	err := validate(secret.Static("old"))
	require.ErrorIs(t, err, client.ErrUnauthorized)
	require.ErrorIs(t, err, os.ErrPermission, "and why it was not tried again")
	reads := 0
	require.NoError(t, validate(secret.Func(func(context.Context) ([]secret.Value, error) {
		if reads++; reads == 1 {
			return []secret.Value{secret.New("old")}, nil
		}
		return []secret.Value{secret.New("new")}, nil
	})))
}

// X2: a source that has nothing, or holds what no header can, is found when it can be.
func TestX2_KeysThatAreNone(t *testing.T) {
	for name, cfg := range map[string]datadog.Config{
		"no API key":          {ApplicationKey: secret.Static("app")},
		"a blank one":         {APIKey: secret.Static(" ")},
		"a blank application": {APIKey: secret.Static("api"), ApplicationKey: secret.Static("")},
		"none at all":         {},
	} {
		_, err := datadog.New(cfg)
		require.ErrorIs(t, err, client.ErrConfig, name)
	}
	fails := secret.Func(func(context.Context) ([]secret.Value, error) { return nil, os.ErrPermission })
	for _, cfg := range []datadog.Config{{APIKey: fails, ApplicationKey: both.ApplicationKey}, {APIKey: both.APIKey, ApplicationKey: fails}} {
		rt := clienttest.NewTransport(t, clienttest.MustParse(`200 {}`)...)
		c, err := datadog.New(cfg, client.WithTransport(rt))
		require.NoError(t, err)
		_, err = datadog.Validate.Do(t.Context(), c.HTTP, client.None{})
		require.ErrorIs(t, err, os.ErrPermission)
		require.Zero(t, rt.Count())
	}
}

// C29, C35: Datadog tells its limits by name and in seconds. One holds up the endpoint
// that it is of, whatever the identifier, and nothing else.
func TestC29_AnEndpointsLimitIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, `200 X-RateLimit-Limit=100 X-RateLimit-Period=60 X-RateLimit-Reset=45 X-RateLimit-Remaining=0 X-RateLimit-Name=monitor_get {"id":1}, 200 {"valid":true}, 200 {"id":2}`)
		begin := time.Now()
		get := func(id datadog.ID) {
			_, err := datadog.GetMonitor.Do(t.Context(), c.HTTP, datadog.GetMonitorInput{ID: id})
			require.NoError(t, err)
		}
		get("1")
		_, err := datadog.Validate.Do(t.Context(), c.HTTP, client.None{})
		require.NoError(t, err)
		require.Zero(t, time.Since(begin))
		get("2")
		require.GreaterOrEqual(t, time.Since(begin), 45*time.Second)
		require.Less(t, time.Since(begin), 60*time.Second)
		require.Equal(t, 3, rt.Count())
	})
	for path, want := range map[string]string{
		"/api/v1/monitor/17": "GET /api/v1/monitor/{monitor_id}", "/api/v1/monitor/search": "GET /api/v1/monitor/search",
		"/api/v2/users/0000-1/permissions": "GET /api/v2/users", "/api/v2/users": "GET /api/v2/users", "/x": "GET /x", "": "GET ",
	} {
		req, err := http.NewRequest("GET", datadog.Profile.BaseURL+path, nil)
		require.NoError(t, err)
		require.Equal(t, want, datadog.Profile.LimitKey(req), path)
	}
}

// P6: an SDK gets the stack with the keys of its sources, whatever it sets itself, on
// each host of the site.
func TestP6_HTTPClientCarriesTheKeys(t *testing.T) {
	for _, host := range []string{"api.datadoghq.eu", "http-intake.logs.datadoghq.eu", "event-management-intake.datadoghq.eu"} {
		rt := clienttest.NewTransport(t, clienttest.MustParse(`503 Retry-After=0, 200 {}`)...)
		cfg := both
		cfg.Site = datadog.EU1
		hc, err := datadog.HTTPClient(cfg, client.WithTransport(rt))
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+host+"/api/v1/monitor", nil)
		require.NoError(t, err)
		req.Header.Set("DD-API-KEY", "of-the-sdk")
		resp, err := hc.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 2, rt.Count())
		require.Equal(t, host, rt.Last().Host)
		require.Equal(t, []string{"api-key-0123456789"}, rt.Last().Header.Values("Dd-Api-Key"))
		require.Equal(t, []string{"app-key-0123456789"}, rt.Last().Header.Values("Dd-Application-Key"))
	}
	_, err := datadog.HTTPClient(datadog.Config{}, client.WithRetry(retry.Never))
	require.ErrorIs(t, err, client.ErrConfig)
}
