package webhook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// X verifies X's (Twitter's) webhooks: "sha256=" and the base64 HMAC-SHA256 of
// the body, in X-Twitter-Webhooks-Signature under the app's consumer secret, or
// in X-Twitter-Webhooks-Signature-OAuth2 under its OAuth 2.0 client secret
// ("Webhooks: Securing webhooks", X docs). Either source may be nil, but not
// both; a header counts only with its own secret, and one right signature
// suffices. Options: [WithClock], [WithMaxBody].
//
// It answers the challenge-response check, a GET with crc_token, under the newest
// consumer secret, or client secret if there is no other. That makes the endpoint
// sign what strangers send with the key that signs bodies, so a token over 256
// bytes or with a byte that any JSON body begins with or contains is refused, and
// so is a delivery whose body does not begin like the JSON object that X sends.
func X(consumerSecrets, clientSecrets secret.Source, opts ...Option) (*Scheme, error) {
	const provider = "x"
	s, _, err := newScheme(provider, traits{
		ack: 10 * time.Second, methods: []string{http.MethodGet}, split: splitX,
	}, opts)
	if err != nil {
		return nil, err
	}
	var cores []*hmacCore
	for _, c := range []struct {
		src    secret.Source
		header string
	}{
		{consumerSecrets, "X-Twitter-Webhooks-Signature"},
		{clientSecrets, "X-Twitter-Webhooks-Signature-Oauth2"},
	} {
		if c.src == nil {
			continue
		}
		spec := hmacSpec{
			HMACConfig: HMACConfig{
				Provider: provider, Scheme: "sha256",
				Layout: Layout{SignatureHeader: c.header, Encoding: Base64, Prefix: "sha256="},
			},
			admit: admitX,
		}
		core, err := newHMACCore(spec)
		if err == nil {
			err = core.setKeys(spec, c.src)
		}
		if err != nil {
			return nil, configError(provider, err)
		}
		cores = append(cores, core)
	}
	if len(cores) == 0 {
		return nil, configError(provider, errors.New("neither consumer secrets nor client secrets"))
	}
	s.verify = func(ctx context.Context, r *Request, now time.Time) (Receipt, error) {
		return verifyX(ctx, cores, r, now)
	}
	s.challenge = func(ctx context.Context, r *Request, _ time.Time) (*Answer, bool, error) {
		return answerCRC(ctx, cores[0], r)
	}
	return s, nil
}

// admitX refuses what [answerCRC] may have signed for a stranger.
func admitX(r *Request) error {
	if !looksLikeObject(r.Body) {
		return &Error{Reason: ErrMalformed, Detail: "the body does not begin like a JSON object"}
	}
	return nil
}

// verifyX tries every header for which there are secrets. The error is that of
// the first header that was delivered.
func verifyX(ctx context.Context, cores []*hmacCore, r *Request, now time.Time) (Receipt, error) {
	var refusal error
	for _, core := range cores {
		rec, err := core.verify(ctx, r, now)
		if err == nil {
			return rec, nil
		}
		if Undecidable(err) || errors.Is(err, ErrDuplicate) {
			return Receipt{}, err
		}
		if refusal == nil || errors.Is(refusal, ErrMissing) {
			refusal = err
		}
	}
	return Receipt{}, refusal
}

const maxCRCToken = 256

func answerCRC(ctx context.Context, core *hmacCore, r *Request) (*Answer, bool, error) {
	token, ok, err := challengeQuery(r, "crc_token")
	if !ok || err != nil {
		return nil, ok, err
	}
	if token == "" || len(token) > maxCRCToken || strings.ContainsAny(token, `{["`) ||
		strings.ContainsFunc(token, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return nil, true, &Error{Reason: ErrMalformed, Detail: "crc_token"}
	}
	keys, err := core.ring.get(ctx)
	if err != nil {
		return nil, true, err
	}
	st, sum := keys[0].sign(&core.template, &metadata{}, []byte(token))
	body, err := json.Marshal(map[string]string{"response_token": "sha256=" + base64.StdEncoding.EncodeToString(sum)})
	keys[0].release(st)
	if err != nil {
		return nil, true, &Error{Reason: ErrMalformed, Err: err}
	}
	return jsonAnswer(body), true, nil
}

// jsonAnswer is a challenge's response in JSON.
func jsonAnswer(body []byte) *Answer {
	return &Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
}

// challengeQuery returns the query parameter of a GET that is a challenge. It
// must be there once, in a query without errors.
func challengeQuery(r *Request, name string) (value string, ok bool, err error) {
	if r.method() != http.MethodGet || r.URL == nil {
		return "", false, nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	values := query[name]
	switch {
	case len(values) == 0 && err == nil:
		return "", false, nil
	case err != nil:
		return "", true, &Error{Reason: ErrMalformed, Detail: "the query of the challenge"}
	case len(values) > 1:
		return "", true, &Error{Reason: ErrDuplicate, Detail: "query parameter " + name}
	}
	return values[0], true, nil
}

// splitX names an event after the activity's member of the payload
// ("tweet_create_events"), or after data.event_type in the X Activity API.
func splitX(r *Request, rec Receipt) ([]Raw, error) {
	raw := whole(r, rec)
	var members map[string]json.RawMessage
	if err := json.Unmarshal(r.Body, &members); err != nil {
		return nil, notJSON("object")
	}
	var data struct {
		EventType jsonText `json:"event_type"`
	}
	if json.Unmarshal(members["data"], &data) == nil && data.EventType != "" {
		raw.Type = string(data.EventType)
	} else {
		for name := range members {
			if strings.HasSuffix(name, "_events") || strings.HasSuffix(name, "_event") {
				raw.Type = max(raw.Type, name)
			}
		}
	}
	raw.TypeSigned = raw.Type != ""
	return []Raw{raw}, nil
}
