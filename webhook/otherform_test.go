package webhook_test

import (
	"context"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
)

// takes are all options that decode a T for a pattern, beside OnObject.
func takes[T any](pattern string) map[string]webhook.HandlerOption {
	fn := func(context.Context, webhook.Event[T]) error { return nil }
	return map[string]webhook.HandlerOption{
		"On": webhook.On(pattern, fn), "OnEnvelope": webhook.OnEnvelope(pattern, fn),
		"Respond": webhook.Respond(pattern, func(context.Context, webhook.Event[T]) (*webhook.Answer, error) { return nil, nil }),
	}
}

// What is no JSON would fail at each delivery: the handler is not made.
func TestTypeThatNeedsJSONIsRefusedWhereThereIsNone(t *testing.T) {
	t.Parallel()
	type order struct{ ID string }
	for _, c := range []struct{ kit, pattern, says, use string }{
		{"braintree", "check", "XML", "struct{}"},
		{"braintree", "*", "XML", "DecodeEvent"},
		{"braintree", "subscription_*", "XML", "[]byte"},
		{"sendgrid-inbound", "inbound", "multipart", "json.RawMessage"},
		{"sendgrid-inbound", "*", "multipart", "struct{}"},
		{"slack", "slash_command", "form", "url.Values"},
	} {
		s := kitNamed(t, c.kit).scheme(t)
		for _, options := range []map[string]webhook.HandlerOption{
			takes[order](c.pattern), takes[*order](c.pattern), takes[map[string]any](c.pattern), takes[any](c.pattern), takes[string](c.pattern), takes[*takesTheEvent](c.pattern),
		} {
			for name, opt := range options {
				err := refused(s, opt)
				require.ErrorIs(t, err, webhook.ErrConfig, "%s %s(%q)", c.kit, name, c.pattern)
				for _, want := range []string{name + "(", c.pattern, c.says, c.use} {
					require.ErrorContains(t, err, want)
				}
			}
		}
		for _, options := range []map[string]webhook.HandlerOption{
			takes[struct{}](c.pattern), takes[json.RawMessage](c.pattern), takes[[]byte](c.pattern), takes[url.Values](c.pattern), takes[takesTheEvent](c.pattern),
		} {
			for name, opt := range options {
				require.NoError(t, refused(s, opt), "%s %s(%q)", c.kit, name, c.pattern)
			}
		}
		require.NoError(t, refused(struct{ *webhook.Scheme }{s}, takes[order](c.pattern)["On"]), "one that embeds a scheme, and may split in another way")
	}

	slack := kitNamed(t, "slack").scheme(t)
	fn := func(context.Context, webhook.Event[order]) error { return nil }
	require.ErrorContains(t, refused(slack, webhook.OnObject("slash_command", fn)), `OnObject("slash_command"): the payload is a form`)
	require.NoError(t, refused(slack, webhook.OnObject("event_callback", fn)))
	for _, pattern := range []string{"message", "*", "slash_*"} { // events and interactions are JSON
		require.NoError(t, refused(slack, takes[order](pattern)["On"]), pattern)
	}
	// Twilio signs JSON, too, by its hash.
	for _, name := range []string{"twilio", "stripe", "github", "static-token", "google-calendar", "sendgrid"} {
		require.NoError(t, refused(kitNamed(t, name).scheme(t), takes[order]("*")["On"]), name)
	}
}
