package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
)

// own is a scheme whose function returns err.
func own(t *testing.T, err error, opts ...webhook.Option) *webhook.Scheme {
	t.Helper()
	s, e := webhook.NewScheme("acme", func(context.Context, *webhook.Request) (webhook.Receipt, error) {
		return webhook.Receipt{KeyID: "key 1"}, err
	}, opts...)
	require.NoError(t, e)
	return s
}

func TestNewSchemeRefusesMistakes(t *testing.T) {
	t.Parallel()
	verify := func(context.Context, *webhook.Request) (webhook.Receipt, error) { return webhook.Receipt{}, nil }
	s, err := webhook.NewScheme("", verify)
	require.ErrorIs(t, err, webhook.ErrConfig)
	require.ErrorContains(t, err, "no provider named")
	require.Nil(t, s)
	s, err = webhook.NewScheme("acme", nil)
	require.ErrorIs(t, err, webhook.ErrConfig)
	require.ErrorContains(t, err, "the function that verifies is nil")
	require.Nil(t, s)
	for says, opt := range map[string]webhook.Option{
		"the largest body must be positive":             webhook.WithMaxBody(0),
		"a method is empty":                             webhook.WithMethods("GET", ""),
		"the acknowledgement deadline must be positive": webhook.WithAckDeadline(0),
		"the function that answers challenges is nil":   webhook.WithChallenge(nil),
		"the function that finds the events is nil":     webhook.WithSplit(nil),
		"option WithClock has no effect on this scheme": webhook.WithClock(time.Now),
		"option WithTolerance has no effect":            webhook.WithTolerance(time.Minute),
		"option WithHTTPClient has no effect":           webhook.WithHTTPClient(http.DefaultClient),
		"option WithRawSecret has no effect":            webhook.WithRawSecret(),
		"option SNSAutoConfirm has no effect on this":   webhook.SNSAutoConfirm(),
	} {
		s, err := webhook.NewScheme("acme", verify, opt)
		require.ErrorIs(t, err, webhook.ErrConfig, says)
		require.ErrorContains(t, err, "acme: ")
		require.ErrorContains(t, err, says)
		require.Nil(t, s)
	}
	for name, opt := range map[string]webhook.Option{
		"WithMethods": webhook.WithMethods("GET"), "WithAckDeadline": webhook.WithAckDeadline(1),
		"WithSplit":     webhook.WithSplit(fake{}.Split),
		"WithChallenge": webhook.WithChallenge(challenging{}.Challenge),
	} {
		_, err := kitNamed(t, "stripe").newScheme(opt)
		require.ErrorContains(t, err, "option "+name+" has no effect", "a provider has its own")
	}
}

func TestNewSchemeHasWhatItsOptionsSay(t *testing.T) {
	t.Parallel()
	s := own(t, nil, webhook.WithMethods("POST", "GET", "PUT"), webhook.WithAckDeadline(3*time.Second), webhook.WithMaxBody(5))
	require.Equal(t, "acme", s.Provider())
	require.Equal(t, []string{"POST", "GET", "PUT"}, s.Methods())
	require.Equal(t, 3*time.Second, s.AckDeadline())
	require.EqualValues(t, 5, s.MaxBody())
	require.NoError(t, s.Warm(t.Context()))
	for method, want := range map[string]error{"": nil, "POST": nil, "GET": nil, "PUT": nil, "DELETE": webhook.ErrMethod} {
		rec, err := s.Verify(t.Context(), &webhook.Request{Method: method, Body: []byte("{}")})
		require.ErrorIs(t, err, want, method)
		if want == nil {
			require.Equal(t, webhook.Receipt{Provider: "acme", KeyID: "key 1"}, rec)
		}
	}
	_, err := s.Verify(t.Context(), post("123456"))
	require.ErrorIs(t, err, webhook.ErrTooLarge)
	_, ok, err := s.Challenge(t.Context(), post("{}"))
	require.False(t, ok)
	require.NoError(t, err)
	raws, err := s.Split(post("{}"), webhook.Receipt{EventID: "e", EventType: "t"})
	require.NoError(t, err)
	require.Equal(t, []webhook.Raw{{ID: "e", Type: "t", Payload: []byte("{}")}}, raws)
	plain := own(t, nil)
	require.Equal(t, []string{"POST"}, plain.Methods())
	require.Zero(t, plain.AckDeadline())
	require.EqualValues(t, webhook.DefaultMaxBody, plain.MaxBody())
}

// What the caller's function returns has one of the package's reasons, and is not
// changed.
func TestNewSchemeGivesErrorsAReason(t *testing.T) {
	t.Parallel()
	shared := &webhook.Error{Reason: webhook.ErrMismatch, Detail: "the key differs"}
	for name, c := range map[string]struct {
		err, want, inSplit error
		says               string
	}{
		"a reason of its own":  {shared, webhook.ErrMismatch, webhook.ErrMismatch, "the key differs"},
		"a reason that it has": {fmt.Errorf("acme's: %w", webhook.ErrStale), webhook.ErrStale, webhook.ErrStale, "acme's"},
		"undecided goes first": {errors.Join(webhook.ErrMismatch, webhook.ErrUnavailable), webhook.ErrUnavailable, webhook.ErrUnavailable, ""},
		"no reason":            {errTest, webhook.ErrUnavailable, webhook.ErrPayload, errTest.Error()},
		"an empty one":         {&webhook.Error{Detail: "x"}, webhook.ErrUnavailable, webhook.ErrPayload, "x"},
	} {
		check := func(err, want error) {
			t.Helper()
			e, ok := errors.AsType[*webhook.Error](err)
			require.True(t, ok, name)
			require.Equal(t, want, e.Reason, name)
			require.Equal(t, "acme", e.Provider, name)
			require.ErrorContains(t, err, c.says, name)
		}
		s := own(t, c.err, webhook.WithSplit(func(*webhook.Request, webhook.Receipt) ([]webhook.Raw, error) { return nil, c.err }),
			webhook.WithChallenge(func(context.Context, *webhook.Request) (*webhook.Answer, bool, error) { return nil, true, c.err }))
		_, err := s.Verify(t.Context(), post("{}"))
		check(err, c.want)
		_, _, err = s.Challenge(t.Context(), post("{}"))
		check(err, c.want)
		_, err = s.Split(post("{}"), webhook.Receipt{})
		check(err, c.inSplit)
	}
	require.Empty(t, shared.Provider, "the caller's own")
}
