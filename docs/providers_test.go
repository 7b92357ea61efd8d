package docs

import (
	"encoding/base64"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	resendsdk "github.com/resend/resend-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/auth0"
	"github.com/standpipe-go/standpipe/providers/braintree"
	"github.com/standpipe-go/standpipe/providers/clerk"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/providers/firebase"
	githubapi "github.com/standpipe-go/standpipe/providers/github"
	googleapi "github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/providers/paddle"
	"github.com/standpipe-go/standpipe/providers/postmark"
	"github.com/standpipe-go/standpipe/providers/r2"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/sendgrid"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/providers/slack"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/providers/x"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// facts are the rows of a profile's table: what can be read from its values, and what
// the table has to say of its functions.
func facts(t *testing.T, p client.Profile) map[string]string {
	t.Helper()
	rows := map[string]string{"base URL": code(p.BaseURL), "throttle": "429"}
	values := map[string]func(){
		"Name": func() {}, "BaseURL": func() {}, "Route": func() {}, // of its own operations
		"Origins":            func() { rows["further origins"] = code(p.Origins...) },
		"IdempotencyHeader":  func() { rows["idempotency key"] = code(p.IdempotencyHeader) },
		"IdempotencyMethods": func() { rows["a key is made for"] = strings.Join(p.IdempotencyMethods, ", ") },
		"RequestIDHeaders":   func() { rows["request ID"] = code(p.RequestIDHeaders...) },
		"Header": func() {
			var fields []string
			for _, name := range slices.Sorted(maps.Keys(p.Header)) {
				fields = append(fields, name+": "+strings.Join(p.Header[name], ", "))
			}
			rows["sent with each request"] = code(fields...)
		},
		"LiveKeys":      func() { rows["a live key begins with"] = code(p.LiveKeys...) },
		"ThrottleWait":  func() { rows["after a throttle without a time"] = p.ThrottleWait.String() },
		"LookInSuccess": func() {}, // for the functions that say so
	}
	v := reflect.ValueOf(p)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if v.Field(i).IsZero() {
			continue
		}
		if says, ok := functions[p.Name][field.Name]; ok {
			says(t, p, rows)
			continue
		}
		require.Contains(t, values, field.Name, "%s: the profile states something new: it wants a row in providers.md", p.Name)
		values[field.Name]()
	}
	if _, inBody := rows["idempotency key"]; p.IdempotencyHeader == "" && !inBody {
		rows["idempotency key"] = "none"
	}
	if len(p.RequestIDHeaders) == 0 {
		rows["request ID"] = code("Request-Id", "X-Request-Id")
	}
	return rows
}

// functions ask the functions of a profile what its table says of them, by their fields.
var functions = map[string]map[string]func(*testing.T, client.Profile, map[string]string){
	"stripe": {
		"Hint": func(t *testing.T, p client.Profile, rows map[string]string) {
			name := "Stripe-Should-Retry"
			require.Equal(t, client.Retry, p.Hint(500, http.Header{name: {"true"}}))
			require.Equal(t, client.DontRetry, p.Hint(500, http.Header{name: {"false"}}))
			rows["advice on retrying"] = code(name+": true", name+": false")
		},
		"InProgress": func(t *testing.T, p client.Profile, rows map[string]string) {
			require.True(t, p.InProgress(409, http.Header{}, []byte(`{"error":{"code":"idempotency_key_in_use"}}`)))
			rows["the same key is still at work"] = "409 with " + code("idempotency_key_in_use")
		},
	},
	"resend": {
		"TakesIdempotencyKey": func(t *testing.T, p client.Profile, rows map[string]string) {
			for path, takes := range map[string]bool{"/emails": true, "/emails/batch": true, "/domains": false, "/emails/e_1/cancel": false} {
				require.Equal(t, takes, p.TakesIdempotencyKey(&http.Request{URL: &url.URL{Path: path}}), path)
			}
			rows["and among them"] = "sending alone"
		},
		"HintBody": func(_ *testing.T, p client.Profile, rows map[string]string) {
			var names []string
			for _, name := range []string{"daily_quota_exceeded", "monthly_quota_exceeded", "rate_limit_exceeded"} {
				if p.HintBody(429, http.Header{}, fmt.Appendf(nil, `{"name":%q}`, name)) == client.NotThrottled {
					names = append(names, name)
				}
			}
			rows["no throttle"] = "429 with " + code(names...)
		},
		"InProgress": func(t *testing.T, p client.Profile, rows map[string]string) {
			require.True(t, p.InProgress(409, http.Header{}, []byte(`{"name":"concurrent_idempotent_requests"}`)))
			rows["the same key is still at work"] = "409 with " + code("concurrent_idempotent_requests")
		},
		"DecodeError": func(_ *testing.T, p client.Profile, rows map[string]string) {
			var unlike []string
			for _, said := range []struct {
				status int
				name   string
			}{{400, "validation_error"}, {403, "invalid_api_key"}, {401, "restricted_api_key"}, {403, "validation_error"}} {
				d := p.DecodeError(said.status, http.Header{}, fmt.Appendf(nil, `{"name":%q,"message":"API key is invalid"}`, said.name))
				if d.Status != 0 {
					unlike = append(unlike, fmt.Sprintf("%d with %s is %d", said.status, code(said.name), d.Status))
				}
			}
			rows["another failure than its status"] = strings.Join(unlike, ", ")
		},
	},
	"github": {
		"Throttled": func(t *testing.T, p client.Profile, rows map[string]string) {
			require.True(t, p.Throttled(403, http.Header{}, []byte(`{"message":"API rate limit exceeded"}`)))
			require.True(t, p.Throttled(403, http.Header{"Retry-After": {"1"}}, nil))
			require.True(t, p.Throttled(403, http.Header{"X-Ratelimit-Remaining": {"0"}}, nil))
			require.False(t, p.Throttled(403, http.Header{"X-Ratelimit-Remaining": {"0"}}, []byte(`{"message":"Not permitted"}`)))
			rows["throttle"] = "429, and 403 that says so"
		},
		"LimitKey": func(_ *testing.T, p client.Profile, rows map[string]string) {
			var names []string
			for _, path := range []string{"/user", "/search/issues", "/search/code", "/graphql", "/rate_limit"} {
				names = append(names, p.LimitKey(&http.Request{URL: &url.URL{Path: path}}))
			}
			rows["limits"] = code(names...) + " and others"
		},
		"DecodeError": func(t *testing.T, p client.Profile, rows map[string]string) {
			d := p.DecodeError(422, http.Header{}, []byte(`{"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"missing_field"}]}`))
			require.Equal(t, client.ErrorDetail{Code: "missing_field", Message: "Validation Failed: Issue.title: missing_field"}, d)
			rows["code of an error"] = "that of its first field"
		},
	},
	"postmark": postmarkSays, "sendgrid": sendgridSays, "paddle": paddleSays,
	"openai": openaiSays, "slack": slackSays, "x": xSays,
	"clerk": clerkSays, "firebase": firebaseSays, "google": googleSays, "braintree": braintreeSays, "sentry": sentrySays, "datadog": datadogSays,
}

func code(names ...string) string { return "`" + strings.Join(names, "`, `") + "`" }

func TestProvidersSaysWhatTheProfilesState(t *testing.T) {
	p := read(t, "docs/providers.md")[0]
	tenant := auth0.Profile // New puts its domain into the base URL
	tenant.BaseURL = "https://DOMAIN/api/v2"
	for title, profile := range map[string]client.Profile{
		"Stripe": stripe.Profile, "Resend": resend.Profile, "GitHub": githubapi.Profile,
		"SendGrid": sendgrid.Profile, "Postmark": postmark.Profile, "Paddle": paddle.Profile,
		"OpenAI": openai.Profile, "Slack": slack.Profile, "X": x.Profile,
		"Clerk": clerk.Profile, "Auth0": tenant, "Firebase": firebase.Profile,
		"Google": googleapi.Profile, "Braintree": braintree.Profile,
		"Sentry": sentry.Profile, "Datadog": datadog.Profile,
	} {
		stated := map[string]string{}
		for _, row := range p.section(t, title).tables()[1:] {
			require.Len(t, row, 3, title)
			stated[row[0]] = row[1]
			require.NotEmpty(t, row[2], "%s: %s has no source", title, row[0])
		}
		require.Equal(t, facts(t, profile), stated, title)
	}
}

func TestProvidersSaysWhatS3sErrorsMatch(t *testing.T) {
	p := read(t, "docs/providers.md")[0]
	sentinels := map[string]error{
		"`client.ErrBadRequest`": client.ErrBadRequest, "`client.ErrUnauthorized`": client.ErrUnauthorized, "`client.ErrForbidden`": client.ErrForbidden,
		"`client.ErrNotFound`": client.ErrNotFound, "`client.ErrConflict`": client.ErrConflict, "`client.ErrRateLimited`": client.ErrRateLimited,
		"`client.ErrUnavailable`": client.ErrUnavailable,
	}
	for _, row := range p.section(t, "S3's errors").tables()[1:] {
		require.Len(t, row, 2)
		for name := range strings.SplitSeq(row[0], ", ") {
			d := s3.Profile.DecodeError(200, http.Header{}, []byte("<Error><Code>"+strings.Trim(name, "`")+"</Code></Error>"))
			e := &client.Error{Status: d.Status, Throttled: d.Status == http.StatusTooManyRequests}
			for sentinel, target := range sentinels {
				require.Equal(t, sentinel == row[1], errors.Is(e, target), "%s and %s", name, sentinel)
			}
		}
	}
	stated := p.section(t, "S3 and R2").tables()[1:]
	require.Contains(t, stated[0][1], s3.Profile.Header.Get("Accept-Encoding"))
	require.Equal(t, "`X-Amz-Request-Id`; at R2 also `Cf-Ray`", stated[1][1])
	require.Equal(t, []string{"X-Amz-Request-Id", "Cf-Ray"}, r2.Profile.RequestIDHeaders)
}

func TestProvidersSaysWhatResendsErrorsMatch(t *testing.T) {
	p := read(t, "docs/providers.md")[0]
	sentinels := map[string]error{
		"`client.ErrBadRequest`": client.ErrBadRequest, "`client.ErrUnauthorized`": client.ErrUnauthorized, "`client.ErrForbidden`": client.ErrForbidden,
		"`client.ErrNotFound`": client.ErrNotFound, "`client.ErrConflict`": client.ErrConflict, "`client.ErrRateLimited`": client.ErrRateLimited,
		"`client.ErrUnavailable`": client.ErrUnavailable,
	}
	for _, row := range p.section(t, "Resend's errors").tables()[1:] {
		require.Len(t, row, 3)
		for name := range strings.SplitSeq(row[1], ", ") {
			status, err := strconv.Atoi(row[0])
			require.NoError(t, err)
			fake := clienttest.NewTransport(t, clienttest.JSON(status, fmt.Sprintf(`{"name":%q,"message":"x"}`, strings.Trim(name, "`"))))
			mails, err := resend.New(secret.Static("re_docs"), client.WithTransport(fake), client.WithRetry(retry.Never))
			require.NoError(t, err)
			_, err = mails.Send(t.Context(), &resendsdk.SendEmailRequest{}, "")
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok)
			require.Equal(t, name, code(e.Code))
			matches := "–"
			for sentinel, target := range sentinels {
				if errors.Is(err, target) {
					matches = sentinel
				}
			}
			require.Equal(t, row[2], matches, "%s %s", row[0], name)
		}
	}
}

// ownHeader is the choice of whoever configures the service.
const ownHeader = "X-Token"

// sender is a scheme with its signer, and a delivery.
type sender struct {
	scheme func(opts ...webhook.Option) (*webhook.Scheme, error)
	signer *webhooktest.Signer
	body   string
}

func senders(t *testing.T) map[string]sender {
	t.Helper()
	const (
		raw      = "a-secret-of-an-endpoint"
		endpoint = "https://app.example.com/hooks"
		tenant   = "https://tenant.auth0.com/"
		account  = "push@project.iam.gserviceaccount.com"
		topic    = "arn:aws:sns:eu-west-1:123456789012:orders"
		plain    = `{}`
	)
	standard := "whsec_" + base64.StdEncoding.EncodeToString([]byte("a-secret-of-32-bytes-for-a-test!"))
	keyed := func(f func(secret.Source, ...webhook.Option) (*webhook.Scheme, error), key string) func(...webhook.Option) (*webhook.Scheme, error) {
		return func(opts ...webhook.Option) (*webhook.Scheme, error) { return f(secret.Static(key), opts...) }
	}
	ec, ed, keys, certs := webhooktest.SendGridKeys(), webhooktest.Ed25519Keys(), webhooktest.NewKeyServer(), webhooktest.NewSNSCertificates()
	fetched := func(f func(opts ...webhook.Option) (*webhook.Scheme, error), hc *http.Client) func(...webhook.Option) (*webhook.Scheme, error) {
		return func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return f(append(opts, webhook.WithHTTPClient(hc))...)
		}
	}
	return map[string]sender{
		"Stripe":                  {keyed(webhook.Stripe, raw), webhooktest.Stripe(raw), `{"id":"evt_1","object":"event","type":"invoice.paid"}`},
		"Paddle":                  {keyed(webhook.Paddle, raw), webhooktest.Paddle(raw), `{"event_id":"evt_1","event_type":"transaction.paid"}`},
		"Svix":                    {keyed(webhook.Svix, standard), webhooktest.Svix(standard), plain},
		"Clerk":                   {keyed(webhook.Clerk, standard), webhooktest.Clerk(standard), `{"type":"user.created"}`},
		"Resend":                  {keyed(webhook.Resend, standard), webhooktest.Resend(standard), `{"type":"email.sent"}`},
		"OpenAI":                  {keyed(webhook.OpenAI, standard), webhooktest.OpenAI(standard), `{"type":"batch.completed"}`},
		"StandardWebhooks":        {keyed(webhook.StandardWebhooks, standard), webhooktest.StandardWebhooks(standard), plain},
		"StandardWebhooksEd25519": {keyed(webhook.StandardWebhooksEd25519, ed.Public), webhooktest.StandardWebhooksEd25519(ed.Private), plain},
		"GitHub":                  {keyed(webhook.GitHub, raw), webhooktest.GitHub(raw).WithEvent("push"), plain},
		"Slack":                   {keyed(webhook.Slack, raw), webhooktest.Slack(raw), `{"type":"event_callback","event_id":"Ev1","event":{"type":"message"}}`},
		"Shopify":                 {keyed(webhook.Shopify, raw), webhooktest.Shopify(raw).WithEvent("orders/create"), plain},
		"Sentry":                  {keyed(webhook.Sentry, raw), webhooktest.Sentry(raw), plain},
		"SendGrid":                {keyed(webhook.SendGrid, ec.Public), webhooktest.SendGrid(ec.Private), `[{"event":"bounce","sg_event_id":"1"}]`},
		"SendGridInbound": {keyed(webhook.SendGridInbound, ec.Public), webhooktest.SendGridInbound(ec.Private),
			"--xYzZY\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\nx\r\n--xYzZY--\r\n"},
		"Twilio": {func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.Twilio(secret.Static(raw), endpoint, opts...)
		}, webhooktest.Twilio(raw).WithURL(endpoint), "MessageSid=SM1&Body=x"},
		"X": {func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.X(secret.Static(raw), nil, opts...)
		}, webhooktest.X(raw), plain},
		"Braintree": {func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.Braintree("public", secret.Static(raw), opts...)
		}, webhooktest.Braintree(webhooktest.BraintreeKey{Public: "public", Private: raw}), "<notification><kind>check</kind></notification>"},
		"SNS": {fetched(func(opts ...webhook.Option) (*webhook.Scheme, error) { return webhook.SNS([]string{topic}, opts...) }, certs.Client()),
			webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic}), plain},
		"PubSub": {fetched(func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.PubSub(webhook.PubSubConfig{Audience: endpoint, ServiceAccount: account}, opts...)
		}, keys.Client()), webhooktest.PubSub(keys, endpoint, account), `{"message":{"data":"eA==","messageId":"1"}}`},
		"FirebaseBlocking": {fetched(func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.FirebaseBlocking(webhook.FirebaseBlockingConfig{ProjectID: "project", FunctionURL: endpoint}, opts...)
		}, keys.Client()), webhooktest.FirebaseBlocking(keys, "project", endpoint), ""},
		"Auth0Logout": {fetched(func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.Auth0Logout(webhook.Auth0LogoutConfig{Issuer: tenant, ClientID: "client"}, opts...)
		}, keys.Client()), webhooktest.Auth0Logout(keys, tenant, "client"), ""},
		"Auth0LogStream": {keyed(webhook.Auth0LogStream, raw), webhooktest.Auth0LogStream(raw), `[{"log_id":"1","data":{"type":"s"}}]`},
		"Cloudflare":     {keyed(webhook.Cloudflare, raw), webhooktest.Cloudflare(raw), plain},
		"Datadog": {func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.Datadog(ownHeader, secret.Static(raw), opts...)
		}, webhooktest.Datadog(ownHeader, raw), `{"id":"1"}`},
		"GoogleCalendar": {keyed(webhook.GoogleCalendar, raw), webhooktest.GoogleCalendar(raw), ""},
		"Postmark":       {keyed(webhook.Postmark, "user:"+raw), webhooktest.Postmark("user", raw), `{"RecordType":"Bounce"}`},
		"PostmarkInbound": {keyed(webhook.PostmarkInbound, "user:"+raw), webhooktest.Postmark("user", raw),
			`{"MessageID":"1","From":"a@example.com"}`},
		"PostmarkHeader": {func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.PostmarkHeader(ownHeader, secret.Static(raw), opts...)
		}, webhooktest.PostmarkHeader(ownHeader, raw), `{"RecordType":"Bounce"}`},
	}
}

// at makes the scheme as of a time, and the delivery that was signed then.
func (s sender) at(t *testing.T, now, signed time.Time) (*webhook.Scheme, *webhook.Request) {
	t.Helper()
	scheme, err := s.scheme(webhook.WithClock(func() time.Time { return now }))
	require.NoError(t, err)
	r := s.signer.At(signed).Request([]byte(s.body))
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return scheme, webhook.FromHTTP(r, body)
}

// needs returns the headers without which the delivery does not verify.
func (s sender) needs(t *testing.T) string {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	scheme, r := s.at(t, now, now)
	_, err := scheme.Verify(t.Context(), r)
	require.NoError(t, err)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		less := *r
		less.Header = r.Header.Clone()
		delete(less.Header, name)
		if _, err := scheme.Verify(t.Context(), &less); err != nil {
			names = append(names, name)
		}
	}
	switch {
	case len(names) == 0:
		return "the body"
	case names[0] == ownHeader:
		return "a header of your choice"
	}
	return code(names...)
}

// window returns how old a delivery may be.
func (s sender) window(t *testing.T) string {
	t.Helper()
	signed := time.Now().Truncate(time.Second)
	accepted := func(age time.Duration) (bool, error) {
		scheme, r := s.at(t, signed.Add(age), signed)
		_, err := scheme.Verify(t.Context(), r)
		return err == nil, err
	}
	for text, d := range map[string]time.Duration{"5 min": 5 * time.Minute, "25 h": 25 * time.Hour} {
		inside, _ := accepted(d)
		outside, err := accepted(d + time.Second)
		if inside && !outside && errors.Is(err, webhook.ErrStale) {
			return text
		}
	}
	if ok, _ := accepted(1000 * time.Hour); ok {
		return "none"
	}
	return "the token's"
}

func (s sender) identifier(t *testing.T) string {
	t.Helper()
	now := time.Now()
	scheme, r := s.at(t, now, now)
	receipt, err := scheme.Verify(t.Context(), r)
	require.NoError(t, err)
	events, err := scheme.Split(r, receipt)
	require.NoError(t, err)
	switch {
	case events[0].IDSigned:
		return "signed"
	case events[0].ID != "":
		return "not signed"
	}
	return "none"
}

func (s sender) delivery(t *testing.T) (ack, body string) {
	t.Helper()
	scheme, err := s.scheme()
	require.NoError(t, err)
	ack = "–"
	if d := scheme.AckDeadline(); d > 0 {
		ack = fmt.Sprintf("%d s", d/time.Second)
	}
	return ack, fmt.Sprintf("%d MiB", scheme.MaxBody()>>20)
}

func TestProvidersSaysWhatTheSchemesDo(t *testing.T) {
	p := read(t, "docs/providers.md")[0]
	comments := constructors(t)
	verified, delivered := map[string][]string{}, map[string][]string{}
	for _, row := range p.section(t, "Webhooks").tables() {
		switch name := strings.Trim(strings.TrimPrefix(row[0], "`webhook."), "`"); {
		case name == "scheme":
		case len(row) == 6:
			verified[name] = row
		default:
			require.Len(t, row, 4, name)
			delivered[name] = row
		}
	}
	all := senders(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := all[name]
		t.Run(name, func(t *testing.T) {
			require.Contains(t, verified, name, "| `webhook.%s` | %s | … | … | %s | … |", name, s.needs(t), s.window(t))
			require.Equal(t, []string{s.needs(t), s.window(t)}, []string{verified[name][1], verified[name][4]})
			for _, source := range strings.Split(verified[name][5], "; ") {
				if other, ok := strings.CutPrefix(source, "`webhook."); ok {
					source = "[" + strings.TrimSuffix(other, "`") + "]"
				}
				require.Contains(t, comments[name], source, "the constructor names another source")
			}
			ack, body := s.delivery(t)
			row := []string{"`webhook." + name + "`", ack, body, s.identifier(t)}
			require.Equal(t, row, delivered[name], "| %s |", strings.Join(row, " | "))
		})
	}
	require.Len(t, verified, len(all))
	require.Len(t, delivered, len(all))
}

// constructors returns the comments of package webhook's functions that return a
// Scheme, in one line each, and fails if one of a provider is in no table.
func constructors(t *testing.T) map[string]string {
	t.Helper()
	own := []string{"HMAC", "ECDSA", "RSA", "Ed25519", "StaticToken", "NewScheme"} // of any service
	comments := map[string]string{}
	files, err := filepath.Glob(filepath.Join(root, "webhook", "*.go"))
	require.NoError(t, err)
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !fn.Name.IsExported() || fn.Type.Results == nil {
				continue
			}
			if star, ok := fn.Type.Results.List[0].Type.(*ast.StarExpr); ok {
				if name, ok := star.X.(*ast.Ident); ok && name.Name == "Scheme" && !slices.Contains(own, fn.Name.Name) {
					comments[fn.Name.Name] = strings.Join(strings.Fields(fn.Doc.Text()), " ")
				}
			}
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(senders(t))), slices.Collect(maps.Keys(comments)))
	return comments
}
