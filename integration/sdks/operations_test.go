package sdks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	firebase "firebase.google.com/go/v4"
	firebaseauth "firebase.google.com/go/v4/auth"
	paddle "github.com/PaddleHQ/paddle-go-sdk/v4"
	"github.com/auth0/go-auth0"
	"github.com/auth0/go-auth0/management"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsretry "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/clerk/clerk-sdk-go/v2"
	clerkuser "github.com/clerk/clerk-sdk-go/v2/user"
	"github.com/getsentry/sentry-go"
	"github.com/google/go-github/v92/github"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	resendsdk "github.com/resend/resend-go/v2"
	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go"
	"github.com/sendgrid/sendgrid-go/helpers/mail"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/stretchr/testify/require"
	stripesdk "github.com/stripe/stripe-go/v76"
	stripeclient "github.com/stripe/stripe-go/v76/client"
	twilio "github.com/twilio/twilio-go/client"
	googleoption "google.golang.org/api/option"
)

const large = 50 << 20

func operations(t *testing.T) []operation {
	t.Helper()
	return slices.Concat(stripeGo(), resendGo(), goGitHub(t), openaiGo(), clerkGo(), goAuth0(), paddleGo(),
		sendgridGo(), twilioGo(), awsS3(), sentryGo(), firebaseAdmin())
}

func stripeGo() []operation {
	const sdk = "stripe-go v76"
	api := func(hc *http.Client, own bool) *stripeclient.API {
		backend := func(kind stripesdk.SupportedBackend) stripesdk.Backend {
			cfg := &stripesdk.BackendConfig{
				HTTPClient:      hc,
				EnableTelemetry: stripesdk.Bool(false),
				LeveledLogger:   &stripesdk.LeveledLogger{Level: stripesdk.LevelNull},
			}
			if !own {
				cfg.MaxNetworkRetries = stripesdk.Int64(0)
			}
			b := stripesdk.GetBackendWithConfig(kind, cfg)
			b.(*stripesdk.BackendImplementation).SetNetworkRetriesSleep(false)
			return b
		}
		return stripeclient.New("sk_test_sdks", &stripesdk.Backends{
			API:     backend(stripesdk.APIBackend),
			Connect: backend(stripesdk.ConnectBackend),
			Uploads: backend(stripesdk.UploadsBackend),
		})
	}
	return []operation{
		{sdk: sdk, name: "GET customer", whose: stacks, profile: stripe.Profile,
			call: func(ctx context.Context, hc *http.Client, own bool) error {
				_, err := api(hc, own).Customers.Get("cus_1", &stripesdk.CustomerParams{Params: stripesdk.Params{Context: ctx}})
				return err
			}},
		{sdk: sdk, name: "POST customer", whose: stacks, profile: stripe.Profile,
			call: func(ctx context.Context, hc *http.Client, own bool) error {
				_, err := api(hc, own).Customers.New(&stripesdk.CustomerParams{Params: stripesdk.Params{Context: ctx}})
				return err
			}},
		{sdk: sdk, name: "POST file, large", large: true, whose: stacks, profile: stripe.Profile,
			call: func(ctx context.Context, hc *http.Client, own bool) error {
				_, err := api(hc, own).Files.New(&stripesdk.FileParams{
					Params:     stripesdk.Params{Context: ctx},
					FileReader: bytes.NewReader(make([]byte, large)),
					Filename:   stripesdk.String("a.pdf"),
					Purpose:    stripesdk.String(string(stripesdk.FilePurposeDisputeEvidence)),
				})
				return err
			}},
	}
}

func resendGo() []operation {
	const sdk = "resend-go v2"
	send := func(key string, attachment int) func(context.Context, *http.Client, bool) error {
		return func(ctx context.Context, hc *http.Client, _ bool) error {
			email := &resendsdk.SendEmailRequest{From: "a@example.com", To: []string{"b@example.com"}, Subject: "c"}
			if attachment > 0 { // which the SDK writes as an array of numbers
				email.Attachments = []*resendsdk.Attachment{{Filename: "a.pdf", Content: make([]byte, attachment/2)}}
			}
			_, err := resendsdk.NewCustomClient(hc, "re_sdks").Emails.SendWithOptions(ctx, email,
				&resendsdk.SendEmailOptions{IdempotencyKey: key})
			return err
		}
	}
	return []operation{
		{sdk: sdk, name: "GET email", whose: stacks, profile: resend.Profile,
			call: func(ctx context.Context, hc *http.Client, _ bool) error {
				_, err := resendsdk.NewCustomClient(hc, "re_sdks").Emails.GetWithContext(ctx, "1")
				return err
			}},
		{sdk: sdk, name: "POST email", whose: stacks, profile: resend.Profile, call: send("", 0)},
		{sdk: sdk, name: "POST email with a key", whose: stacks, profile: resend.Profile, call: send("order-17", 0)},
		{sdk: sdk, name: "POST email, large", large: true, whose: stacks, profile: resend.Profile, call: send("", large)},
	}
}

func goGitHub(t *testing.T) []operation {
	t.Helper()
	const sdk = "go-github v92"
	asset := filepath.Join(t.TempDir(), "asset.bin")
	require.NoError(t, os.WriteFile(asset, nil, 0o600))
	require.NoError(t, os.Truncate(asset, large))
	with := func(call func(context.Context, *github.Client) error) func(context.Context, *http.Client, bool) error {
		return func(ctx context.Context, hc *http.Client, _ bool) error {
			c, err := github.NewClient(github.WithHTTPClient(hc))
			if err != nil {
				return err
			}
			return call(ctx, c)
		}
	}
	return []operation{
		{sdk: sdk, name: "GET repository", whose: stacks, call: with(func(ctx context.Context, c *github.Client) error {
			_, _, err := c.Repositories.Get(ctx, "o", "r")
			return err
		})},
		{sdk: sdk, name: "POST issue", whose: stacks, call: with(func(ctx context.Context, c *github.Client) error {
			_, _, err := c.Issues.Create(ctx, "o", "r", github.CreateIssueRequest{Title: "a"})
			return err
		})},
		{sdk: sdk, name: "POST asset, large", large: true, whose: stacks, call: with(func(ctx context.Context, c *github.Client) error {
			f, err := os.Open(asset)
			if err != nil {
				return err
			}
			defer f.Close()
			_, _, err = c.Repositories.UploadReleaseAsset(ctx, "o", "r", 1, &github.UploadOptions{Name: "a"}, f)
			return err
		})},
	}
}

// openai-go repeats a POST without an idempotency key, which the stack does not (C5),
// and its files from their beginning: its own retries stay.
func openaiGo() []operation {
	const sdk = "openai-go v3"
	with := func(call func(context.Context, openai.Client) error) func(context.Context, *http.Client, bool) error {
		return func(ctx context.Context, hc *http.Client, own bool) error {
			opts := []option.RequestOption{option.WithHTTPClient(hc), option.WithAPIKey("sk-sdks"), option.WithBaseURL("https://api.openai.com/v1/")}
			if !own {
				opts = append(opts, option.WithMaxRetries(0))
			}
			return call(ctx, openai.NewClient(opts...))
		}
	}
	upload := func(size int) func(context.Context, openai.Client) error {
		return func(ctx context.Context, c openai.Client) error {
			_, err := c.Files.New(ctx, openai.FileNewParams{
				File:    openai.File(bytes.NewReader(make([]byte, size)), "a.jsonl", "application/jsonl"),
				Purpose: openai.FilePurposeBatch,
			})
			return err
		}
	}
	return []operation{
		{sdk: sdk, name: "GET model", whose: sdks, call: with(func(ctx context.Context, c openai.Client) error {
			_, err := c.Models.Get(ctx, "m")
			return err
		})},
		{sdk: sdk, name: "POST completion", whose: sdks, call: with(func(ctx context.Context, c openai.Client) error {
			_, err := c.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
				Model: "m", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("a")},
			})
			return err
		})},
		{sdk: sdk, name: "POST file", whose: sdks, call: with(upload(1))},
		{sdk: sdk, name: "POST file, large", large: true, whose: sdks, call: with(upload(large))},
	}
}

func clerkGo() []operation {
	const sdk = "clerk-sdk-go v2"
	with := func(call func(context.Context, *clerkuser.Client) error) func(context.Context, *http.Client, bool) error {
		return func(ctx context.Context, hc *http.Client, _ bool) error {
			return call(ctx, clerkuser.NewClient(&clerk.ClientConfig{BackendConfig: clerk.BackendConfig{HTTPClient: hc, Key: clerk.String("sk_test_sdks")}}))
		}
	}
	return []operation{
		{sdk: sdk, name: "GET user", whose: stacks, call: with(func(ctx context.Context, c *clerkuser.Client) error {
			_, err := c.Get(ctx, "user_1")
			return err
		})},
		{sdk: sdk, name: "POST user", whose: stacks, call: with(func(ctx context.Context, c *clerkuser.Client) error {
			_, err := c.Create(ctx, &clerkuser.CreateParams{FirstName: clerk.String("a")})
			return err
		})},
		{sdk: sdk, name: "POST image, large", large: true, whose: stacks, call: with(func(ctx context.Context, c *clerkuser.Client) error {
			_, err := c.UpdateProfileImage(ctx, "user_1", &clerkuser.UpdateProfileImageParams{File: image{bytes.NewReader(make([]byte, large))}})
			return err
		})},
	}
}

// image is a multipart.File.
type image struct{ *bytes.Reader }

func (image) Close() error { return nil }

// go-auth0 repeats a POST whose connection broke: its own retries stay.
func goAuth0() []operation {
	const sdk = "go-auth0 v1"
	with := func(call func(context.Context, *management.Management) error) func(context.Context, *http.Client, bool) error {
		return func(ctx context.Context, hc *http.Client, own bool) error {
			opts := []management.Option{management.WithClient(hc), management.WithStaticToken("token")}
			if !own {
				opts = append(opts, management.WithNoRetries())
			}
			m, err := management.New("tenant.example.com", opts...)
			if err != nil {
				return err
			}
			return call(ctx, m)
		}
	}
	return []operation{
		{sdk: sdk, name: "GET user", waits: true, whose: sdks, call: with(func(ctx context.Context, m *management.Management) error {
			_, err := m.User.Read(ctx, "auth0|1")
			return err
		})},
		{sdk: sdk, name: "POST user", waits: true, whose: sdks, call: with(func(ctx context.Context, m *management.Management) error {
			return m.User.Create(ctx, &management.User{Name: auth0.String("a")})
		})},
	}
}

func paddleGo() []operation {
	const sdk = "paddle-go-sdk v4"
	with := func(call func(context.Context, *paddle.SDK) error) func(context.Context, *http.Client, bool) error {
		return func(ctx context.Context, hc *http.Client, _ bool) error {
			s, err := paddle.New("pdl_sdks", paddle.WithClient(hc))
			if err != nil {
				return err
			}
			return call(ctx, s)
		}
	}
	const reply = `{"data":{}}`
	return []operation{
		{sdk: sdk, name: "GET product", whose: stacks, reply: reply, call: with(func(ctx context.Context, s *paddle.SDK) error {
			_, err := s.GetProduct(ctx, &paddle.GetProductRequest{ProductID: "pro_1"})
			return err
		})},
		{sdk: sdk, name: "POST product", whose: stacks, reply: reply, call: with(func(ctx context.Context, s *paddle.SDK) error {
			_, err := s.CreateProduct(ctx, &paddle.CreateProductRequest{Name: "a", TaxCategory: paddle.TaxCategoryStandard})
			return err
		})},
	}
}

func sendgridGo() []operation {
	const sdk = "sendgrid-go v3"
	send := func(attachment int) func(context.Context, *http.Client, bool) error {
		return func(ctx context.Context, hc *http.Client, _ bool) error {
			own := sendgrid.DefaultClient // the only way in
			sendgrid.DefaultClient = &rest.Client{HTTPClient: hc}
			defer func() { sendgrid.DefaultClient = own }()
			m := mail.NewSingleEmail(mail.NewEmail("", "a@example.com"), "c", mail.NewEmail("", "b@example.com"), "d", "")
			if attachment > 0 {
				m.AddAttachment(mail.NewAttachment().SetFilename("a.pdf").SetContent(string(bytes.Repeat([]byte("A"), attachment))))
			}
			resp, err := sendgrid.NewSendClient("SG.sdks").SendWithContext(ctx, m)
			if err == nil && resp.StatusCode >= 300 {
				err = fmt.Errorf("status %d", resp.StatusCode)
			}
			return err
		}
	}
	return []operation{
		{sdk: sdk, name: "POST mail", whose: stacks, call: send(0)},
		{sdk: sdk, name: "POST mail, large", large: true, whose: stacks, call: send(large)},
	}
}

func twilioGo() []operation {
	const sdk = "twilio-go v1"
	send := func(method string) func(context.Context, *http.Client, bool) error {
		return func(_ context.Context, hc *http.Client, _ bool) error {
			c := &twilio.Client{Credentials: twilio.NewCredentials("AC1", "token"), HTTPClient: hc}
			c.SetAccountSid("AC1")
			resp, err := c.SendRequest(method, "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json", nil, map[string]any{})
			if err == nil {
				err = resp.Body.Close()
			}
			return err
		}
	}
	return []operation{
		{sdk: sdk, name: "GET messages", whose: stacks, call: send(http.MethodGet)},
		{sdk: sdk, name: "POST message", whose: stacks, call: send(http.MethodPost)},
	}
}

// S3's SDK rewinds what it uploads, whatever its size: its own retries stay.
func awsS3() []operation {
	const sdk = "aws-sdk-go-v2 s3"
	with := func(call func(context.Context, *s3.Client) error) func(context.Context, *http.Client, bool) error {
		return func(ctx context.Context, hc *http.Client, own bool) error {
			o := s3.Options{
				HTTPClient: hc, BaseEndpoint: aws.String("https://s3.example.com"), UsePathStyle: true, Region: "eu-west-1",
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "AKIASDKS", SecretAccessKey: "secret"}, nil
				}),
				Retryer: awsretry.NewStandard(func(o *awsretry.StandardOptions) { o.MaxBackoff = time.Millisecond }),
			}
			if !own {
				o.Retryer = aws.NopRetryer{}
			}
			return call(ctx, s3.New(o))
		}
	}
	put := func(size int) func(context.Context, *s3.Client) error {
		return func(ctx context.Context, c *s3.Client) error {
			_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: bytes.NewReader(make([]byte, size))})
			return err
		}
	}
	return []operation{
		{sdk: sdk, name: "HEAD object", whose: sdks, call: with(func(ctx context.Context, c *s3.Client) error {
			_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
			return err
		})},
		{sdk: sdk, name: "PUT object", whose: sdks, call: with(put(1))},
		{sdk: sdk, name: "PUT object, large", large: true, whose: sdks, call: with(put(large))},
	}
}

func sentryGo() []operation {
	return []operation{{sdk: "sentry-go", name: "POST event", whose: stacks,
		call: func(ctx context.Context, hc *http.Client, _ bool) error {
			answered := &lastStatus{next: hc.Transport}
			transport := sentry.NewHTTPSyncTransport()
			c, err := sentry.NewClient(sentry.ClientOptions{
				Dsn: "https://key@sentry.example.com/1", HTTPClient: &http.Client{Transport: answered}, Transport: transport,
			})
			if err != nil {
				return err
			}
			defer c.Close()
			transport.SendEventWithContext(ctx, c.EventFromMessage("a", sentry.LevelInfo))
			return answered.err // which the SDK keeps to itself
		}}}
}

// lastStatus remembers how the last request ended.
type lastStatus struct {
	next http.RoundTripper
	err  error
}

func (l *lastStatus) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if l.err = err; err == nil && resp.StatusCode != http.StatusOK {
		l.err = errors.New(resp.Status)
	}
	return resp, err
}

// The retries of firebase-admin cannot be switched off.
func firebaseAdmin() []operation {
	const sdk = "firebase-admin v4"
	with := func(call func(context.Context, *firebaseauth.Client) error) func(context.Context, *http.Client, bool) error {
		return func(ctx context.Context, hc *http.Client, _ bool) error {
			app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: "p"}, googleoption.WithHTTPClient(hc))
			if err != nil {
				return err
			}
			c, err := app.Auth(ctx)
			if err != nil {
				return err
			}
			return call(ctx, c)
		}
	}
	return []operation{
		{sdk: sdk, name: "POST look-up", waits: true, whose: sdks, reply: `{"users":[{"localId":"u"}]}`, call: with(func(ctx context.Context, c *firebaseauth.Client) error {
			_, err := c.GetUser(ctx, "u")
			return err
		})},
	}
}
