package webhook_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
)

// A body is an envelope because it holds a message with an identifier, and not
// because it is JSON: a subscription that unwraps payloads sends whatever was
// published, with or without metadata beside it.
func TestPubSubUnwrappedPayloadsAreWholeEvents(t *testing.T) {
	t.Parallel()
	k := kitNamed(t, "google-pubsub")
	s := k.scheme(t)
	for _, body := range []string{
		`{"message":"hello"}`, `{"message":["a"]}`, `{"message":null}`, `{"message":{}}`, `{"message":7}`, `{"message":{"attributes":"x"}}`,
		`{"message":{"messageId":""}}`, `{"message":{"messageId":5}}`, `{"message":{"messageId":null}}`, `{"message":{"messageId":{"a":1}}}`, `{"message":{"message_id":true}}`,
		`{"message":{"messageId":"1","attributes":["a"]}}`, `{"message":{"messageId":"1","attributes":"a"}}`, `{"message":{"messageId":"1","data":{"a":1}}}`,
		`{"Message":{"messageId":"1"}}`, `{"message":{"MessageID":"1"}}`, `[{"message":{"messageId":"1"}}]`, `{"message":{"messageId":"1"}} x`,
		`{}`, `[1,2,3]`, `[]`, `"text"`, `42`, `null`, `plain`, "", "\x00\xff", `{"kind":"storage#object"}`,
	} {
		for _, id := range []string{"", "42"} {
			sign := k.signer().At(fixedTime)
			if id != "" {
				sign = sign.WithHeader("x-goog-pubsub-message-id", id)
			}
			raws, err := split(t, s, received(t, sign.Request([]byte(body))))
			require.NoError(t, err, body)
			require.Len(t, raws, 1, body)
			require.Equal(t, webhook.Raw{ID: id, Payload: raws[0].Payload}, raws[0], body)
			require.Equal(t, body, string(raws[0].Payload))
		}
		h := newHandler(t, s, webhook.Fallback(func(context.Context, webhook.Event[json.RawMessage]) error { return nil }))
		require.Equal(t, http.StatusOK, h.Process(t.Context(), received(t, k.signer().At(fixedTime).Request([]byte(body)))).Status, body)
	}
}

// What Pub/Sub knows of a message stands in the envelope or in headers.
func TestPubSubMetadataIsReadFromBothPlaces(t *testing.T) {
	t.Parallel()
	k := kitNamed(t, "google-pubsub")
	s := k.scheme(t)
	day := time.Date(2025, 6, 25, 14, 20, 10, 0, time.UTC)
	for body, want := range map[string]webhook.Raw{
		`{"message":{"data":"eA==","messageId":"1","message_id":"1","publishTime":"2025-06-25T14:20:10Z","publish_time":"2025-06-25T14:20:10Z","attributes":{"eventType":"A","ce-type":"B"}},"subscription":"s"}`: {ID: "1", Time: day, Type: "A"},
		`{"message":{"message_id":"2","publish_time":"2025-06-25T14:20:10Z","attributes":{"ce-type":"B"}}}`:                                                                                                       {ID: "2", Time: day, Type: "B"},
		`{"message":{"messageId":"","message_id":"3","attributes":{}}}`:                                                                                                                                           {ID: "3"},
		`{"message":{"messageId":"4","attributes":{"eventType":"","ce-type":"B"}}}`:                                                                                                                               {ID: "4", Type: "B"},
		`{"message":{"messageId":"5","attributes":{"eventType":{"a":1}}}}`:                                                                                                                                        {ID: "5"},
		`{"message":{"messageId":"6","attributes":null,"data":null}}`:                                                                                                                                             {ID: "6"},
	} {
		r := received(t, k.signer().At(fixedTime).WithHeader("eventType", "FROM_A_HEADER").Request([]byte(body)))
		raws, err := split(t, s, r)
		require.NoError(t, err, body)
		require.Len(t, raws, 1)
		want.Payload = []byte(body)
		require.Equal(t, want, raws[0], "an envelope's own attributes count")
	}
	for name, c := range map[string]struct {
		headers map[string][]string
		want    webhook.Raw
	}{
		"eventType":       {map[string][]string{"eventType": {"OBJECT_FINALIZE"}}, webhook.Raw{ID: "42", Type: "OBJECT_FINALIZE"}},
		"ce-type":         {map[string][]string{"ce-type": {"google.cloud.x"}}, webhook.Raw{ID: "42", Type: "google.cloud.x"}},
		"both":            {map[string][]string{"eventType": {"A"}, "ce-type": {"B"}}, webhook.Raw{ID: "42", Type: "A"}},
		"twice":           {map[string][]string{"eventType": {"A", "B"}}, webhook.Raw{ID: "42"}},
		"time":            {map[string][]string{"x-goog-pubsub-publish-time": {"2025-06-25T14:20:10.000Z"}}, webhook.Raw{ID: "42", Time: day}},
		"unreadable time": {map[string][]string{"x-goog-pubsub-publish-time": {"yesterday"}}, webhook.Raw{ID: "42"}},
	} {
		// Even a payload that looks like an envelope is the message itself.
		const body = `{"message":{"messageId":"9","attributes":{"eventType":"INNER"}}}`
		sign := k.signer().At(fixedTime).WithHeader("x-goog-pubsub-message-id", "42")
		for header, values := range c.headers {
			sign = sign.WithHeader(header, values...)
		}
		r := received(t, sign.Request([]byte(body)))
		rec, err := s.Verify(t.Context(), r)
		require.NoError(t, err)
		for header := range c.headers {
			require.Contains(t, rec.Untrusted, http.CanonicalHeaderKey(header), "W12: the token covers no header")
		}
		require.Contains(t, rec.Untrusted, "X-Goog-Pubsub-Message-Id")
		raws, err := s.Split(r, rec)
		require.NoError(t, err)
		c.want.Payload = []byte(body)
		require.Equal(t, []webhook.Raw{c.want}, raws, name)
	}
	ran := ""
	h := newHandler(t, s, webhook.On("OBJECT_FINALIZE", func(_ context.Context, e webhook.Event[json.RawMessage]) error {
		ran = e.ID
		return nil
	}))
	r := received(t, k.signer().At(fixedTime).WithHeader("x-goog-pubsub-message-id", "42").WithHeader("eventType", "OBJECT_FINALIZE").Request([]byte(`{"kind":"storage#object"}`)))
	require.Equal(t, http.StatusOK, h.Process(t.Context(), r).Status)
	require.Equal(t, "42", ran)
}
