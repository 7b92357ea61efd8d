package webhook_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// stamped is a scheme of a service that writes its time in the given format.
func stamped(t testing.TB, format webhook.TimestampFormat, signed string) *webhook.Scheme {
	t.Helper()
	layout := webhook.Layout{SignatureHeader: "X-Sig", TimestampHeader: "X-Time", TimestampFormat: format, Signed: signed}
	if strings.Contains(signed, "{id}") {
		layout.IDHeader = "X-Id"
	}
	if strings.Contains(signed, "{type}") {
		layout.TypeHeader = "X-Type"
	}
	s, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: layout}, secret.Static(rawKey), at(fixedTime))
	require.NoError(t, err)
	return s
}

// W6: the form of a timestamp is declared and never guessed, and its text as it
// stands is what is signed.
func TestW6_TimestampFormIsDeclared(t *testing.T) {
	t.Parallel()
	all := map[webhook.TimestampFormat][]string{
		webhook.UnixSeconds:      {"1750861210", "001750861210"},
		webhook.UnixMilliseconds: {"1750861210000", "1750861210999"},
		webhook.RFC3339: {
			"2025-06-25T14:20:10Z", "2025-06-25T14:20:10.123456789Z", "2025-06-25T16:20:10+02:00", "2025-06-25T09:20:10.5-05:00",
			"2025-06-25T16:20:10+0200", "2025-06-25T14:20:10+0000", "2025-06-25T19:50:10.25+0530",
		},
	}
	verify := func(s *webhook.Scheme, ts, signed string) (webhook.Receipt, error) {
		return s.Verify(t.Context(), post("{}", "X-Time", ts, "X-Sig", hexMAC(rawKey, signed+".{}")))
	}
	for declared := range all {
		s := stamped(t, declared, "{timestamp}.{body}")
		for format, texts := range all {
			for _, ts := range texts {
				rec, err := verify(s, ts, ts)
				if format != declared {
					require.ErrorIs(t, err, webhook.ErrMalformed, "%s under %d", ts, declared)
					continue
				}
				require.NoError(t, err, ts)
				require.Equal(t, fixedTime.Unix(), rec.SignedAt.Unix(), ts)
				require.Equal(t, time.UTC, rec.SignedAt.Location())
			}
		}
	}
	for format, texts := range map[webhook.TimestampFormat][]string{
		webhook.UnixMilliseconds: {"", "175086121000", "17508612100000", "+175086121000", "-175086121000", " 175086121000", "175086121000 ", "1750861210.00", "175086121000x", "١٧٥٠٨٦١"},
		webhook.RFC3339: {
			"", "2025-06-25T14:20:10", "2025-06-25 14:20:10Z", "2025-06-25t14:20:10Z", "2025-06-25T14:20:10z", "2025-06-25T14:20Z", "2025-06-25", "2025-06-25Z",
			"2025-06-25T14:20:10+00", "2025-06-25T14:20:10+0", "2025-06-25T14:20:10+000", "2025-06-25T14:20:10+00000", "2025-06-25T14:20:10++000", "2025-06-25T14:20:10 +0000",
			"2025-06-25T4:20:10Z", "2025-06-25T14:20:10,5Z", "2025-06-25T24:20:10Z", "2025-02-30T14:20:10Z", "2025-06-25T14:20:10+25:00", " 2025-06-25T14:20:10Z",
			"2025-06-25T14:20:10Z ", "2025-06-25T14:20:10ZZ", "+2025-06-25T14:20:10Z", "20250625T142010Z", "+0000", "-0000", "x+0000", "Wed, 25 Jun 2025 14:20:10 GMT",
		},
	} {
		s := stamped(t, format, "{timestamp}.{body}")
		for _, ts := range texts {
			_, err := verify(s, ts, ts)
			if ts == "" {
				require.ErrorIs(t, err, webhook.ErrMissing)
				continue
			}
			require.ErrorIs(t, err, webhook.ErrMalformed, "%q", ts)
		}
	}
	// The same moment, written in another way, is other text.
	s := stamped(t, webhook.RFC3339, "{timestamp}.{body}")
	_, err := verify(s, "2025-06-25T14:20:10Z", "2025-06-25T14:20:10+00:00")
	require.ErrorIs(t, err, webhook.ErrMismatch)
	_, err = verify(s, "2025-06-25T14:20:10+0000", "2025-06-25T14:20:10+00:00")
	require.ErrorIs(t, err, webhook.ErrMismatch)
}

// W5, in every form.
func TestW5_ToleranceInEveryForm(t *testing.T) {
	t.Parallel()
	for format, write := range map[webhook.TimestampFormat]func(time.Time) string{
		webhook.UnixSeconds:      func(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) },
		webhook.UnixMilliseconds: func(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) },
		webhook.RFC3339:          func(at time.Time) string { return at.Format("2006-01-02T15:04:05.000Z0700") },
	} {
		s := stamped(t, format, "v1:{timestamp}:{body}")
		sign := webhooktest.HMAC(webhooktest.SchemeConfig{
			Provider: "acme", Signed: "v1:{timestamp}:{body}", Header: "X-Sig", TimestampHeader: "X-Time", Timestamp: write,
		}, []byte(rawKey))
		for skew, want := range map[time.Duration]error{
			0: nil, -5 * time.Minute: nil, 5 * time.Minute: nil, 5*time.Minute + 999*time.Millisecond: nil,
			-301 * time.Second: webhook.ErrStale, 301 * time.Second: webhook.ErrFuture,
		} {
			_, err := s.Verify(t.Context(), received(t, sign.At(fixedTime.Add(skew)).Request([]byte("{}"))))
			require.ErrorIs(t, err, want, "%d at %s", format, skew)
		}
	}
}

// W28: parts may touch only where their form tells them apart.
func TestW28_PartsThatTouch(t *testing.T) {
	t.Parallel()
	write := map[webhook.TimestampFormat]string{webhook.UnixSeconds: "1750861210", webhook.UnixMilliseconds: "1750861210123", webhook.RFC3339: "2025-06-25T14:20:10.5Z"}
	headers := func(format webhook.TimestampFormat, signed string, id, body string) *webhook.Request {
		content := strings.NewReplacer("{timestamp}", write[format], "{id}", id, "{type}", "a.b", "{body}", body).Replace(signed)
		return post(body, "X-Time", write[format], "X-Id", id, "X-Type", "a.b", "X-Sig", hexMAC(rawKey, content))
	}
	for signed, formats := range map[string][]webhook.TimestampFormat{
		"{timestamp}{body}":            {webhook.UnixSeconds, webhook.UnixMilliseconds, webhook.RFC3339},
		"{body}{timestamp}":            {webhook.UnixMilliseconds, webhook.RFC3339},
		"{timestamp}{id}.{body}":       {webhook.UnixMilliseconds, webhook.RFC3339},
		"{id}{timestamp}{body}":        {webhook.RFC3339},
		"{type}|{id}{timestamp}{body}": {webhook.RFC3339},
		"{timestamp}0{body}":           {webhook.UnixMilliseconds, webhook.RFC3339},
		"{body}0{timestamp}":           {webhook.UnixMilliseconds, webhook.RFC3339},
		"{body}{id}":                   nil,
		"{id}{body}":                   nil,
		"{id}{type}.{body}":            nil,
		"{body}{timestamp}{id}":        nil,
		"{body}.{id}{timestamp}":       nil,
		"{body}.{timestamp}{id}":       nil,
	} {
		for format := range write {
			layout := webhook.Layout{SignatureHeader: "X-Sig", Signed: signed, TimestampFormat: format}
			for placeholder, field := range map[string]*string{"{timestamp}": &layout.TimestampHeader, "{id}": &layout.IDHeader, "{type}": &layout.TypeHeader} {
				if strings.Contains(signed, placeholder) {
					*field = map[string]string{"{timestamp}": "X-Time", "{id}": "X-Id", "{type}": "X-Type"}[placeholder]
				}
			}
			s, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: layout}, secret.Static(rawKey), at(fixedTime))
			allowed := false
			for _, f := range formats {
				allowed = allowed || f == format
			}
			if !allowed {
				require.ErrorIs(t, err, webhook.ErrConfig, "%s in form %d", signed, format)
				continue
			}
			require.NoError(t, err, "%s in form %d", signed, format)
			rec, err := s.Verify(t.Context(), headers(format, signed, "id-1", "{}"))
			require.NoError(t, err, "%s in form %d", signed, format)
			require.Equal(t, fixedTime.Unix(), rec.SignedAt.Unix())
			_, err = s.Verify(t.Context(), headers(format, signed, "id-1", "1{}"))
			require.NoError(t, err, "the width of the timestamp is known")
		}
	}
	// An identifier in front of a date cannot take the date's beginning with it.
	s := stamped(t, webhook.RFC3339, "{id}{timestamp}{body}")
	const genuine = "id-1" + "2025-06-25T14:20:10Z" + `{"a":"2025-06-25T14:20:11Z{}"}`
	recut := func(id, ts, body string) error {
		require.Equal(t, genuine, id+ts+body)
		_, err := s.Verify(t.Context(), post(body, "X-Id", id, "X-Time", ts, "X-Sig", hexMAC(rawKey, genuine)))
		return err
	}
	require.NoError(t, recut("id-1", "2025-06-25T14:20:10Z", `{"a":"2025-06-25T14:20:11Z{}"}`))
	require.ErrorIs(t, recut("id-1"+`2025-06-25T14:20:10Z{"a":"`, "2025-06-25T14:20:11Z", `{}"}`), webhook.ErrMalformed)

	for name, layout := range map[string]webhook.Layout{
		"unknown format":      {SignatureHeader: "X", TimestampHeader: "T", Signed: "{timestamp}.{body}", TimestampFormat: 3},
		"negative format":     {SignatureHeader: "X", TimestampHeader: "T", Signed: "{timestamp}.{body}", TimestampFormat: -1},
		"format of no time":   {SignatureHeader: "X", TimestampFormat: webhook.RFC3339},
		"format, not signed":  {SignatureHeader: "X", TimestampHeader: "T", TimestampFormat: webhook.UnixMilliseconds},
		"format, not in list": {SignatureHeader: "X", Fields: &webhook.Fields{Signature: "s"}, TimestampFormat: webhook.RFC3339},
	} {
		_, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: layout}, secret.Static(rawKey))
		require.ErrorIs(t, err, webhook.ErrConfig, name)
	}
}

// Payloads name their time as services do: with any offset.
func TestPayloadTimesWithAnyOffset(t *testing.T) {
	t.Parallel()
	want := time.Date(2025, 6, 25, 14, 20, 10, 0, time.UTC)
	for text, known := range map[string]bool{
		"2025-06-25T14:20:10Z": true, "2025-06-25T14:20:10+00:00": true, "2025-06-25T14:20:10+0000": true, "2025-06-25T09:20:10-0500": true,
		"2025-06-25T19:50:10+0530": true, "2025-06-25T16:20:10+02": true, "2025-06-25 14:20:10+00": true, "2025-06-25 14:20:10Z": true,
		"2025-06-25 14:20:10.000000+00:00": true, "2025-06-25 16:20:10+0200": true, "2025-06-25T14:20:10.000+0000": true,
		"2025-06-25T14:20:10": false, "2025-06-25": false, "soon": false, "": false, "2025-06-25T14": false, "+00": false, "2025-06+00": false, "2025-06-25+00": false,
		"2025-06-25 ": false, "2025-06-25x14:20:10Z": false,
	} {
		expect := want
		if !known {
			expect = fixedTime.UTC() // when it was signed
		}
		raws, err := splitKit(t, "resend", fmt.Sprintf(`{"type":"email.sent","created_at":%q}`, text))
		require.NoError(t, err)
		require.Equal(t, expect, raws[0].Time, text)
		raws, err = splitKit(t, "postmark", fmt.Sprintf(`{"RecordType":"Bounce","BouncedAt":%q}`, text))
		require.NoError(t, err)
		require.Equal(t, known, !raws[0].Time.IsZero(), text)
		raws, err = splitKit(t, "braintree", "<notification><timestamp type=\"datetime\">"+text+"</timestamp><kind>check</kind></notification>")
		require.NoError(t, err, "a genuine delivery is not lost over its date: %s", text)
		require.Equal(t, known, !raws[0].Time.IsZero(), text)
		k := kitNamed(t, "shopify")
		raws, err = split(t, k.scheme(t), received(t, k.signer().WithHeader("X-Shopify-Triggered-At", text).Request([]byte("{}"))))
		require.NoError(t, err)
		require.Equal(t, known, !raws[0].Time.IsZero(), text)
		if known {
			require.Equal(t, want, raws[0].Time)
		}
	}
}

// FuzzTimestamps holds that what is accepted is a timestamp of the declared form,
// and that no other cut of the same bytes is.
func FuzzTimestamps(f *testing.F) {
	for _, ts := range []string{"1750861210", "1750861210000", "2025-06-25T14:20:10Z", "2025-06-25T14:20:10.5+0000", "2025-06-25T14:20:10-05:00", "+0000"} {
		f.Add(ts, []byte("{}"))
	}
	var schemes []*webhook.Scheme
	for _, format := range []webhook.TimestampFormat{webhook.UnixSeconds, webhook.UnixMilliseconds, webhook.RFC3339} {
		s, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: webhook.Layout{
			SignatureHeader: "X-Sig", TimestampHeader: "X-Time", TimestampFormat: format, Signed: "{timestamp}{body}",
		}}, secret.Static(rawKey), webhook.WithTolerance(1<<62))
		schemes = append(schemes, mustScheme(f, s, err))
	}
	s, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: webhook.Layout{
		SignatureHeader: "X-Sig", TimestampHeader: "X-Time", TimestampFormat: webhook.RFC3339, IDHeader: "X-Id", Signed: "{id}{timestamp}{body}",
	}}, secret.Static(rawKey), webhook.WithTolerance(1<<62))
	named := mustScheme(f, s, err)
	f.Fuzz(func(t *testing.T, ts string, body []byte) {
		content := ts + string(body)
		cuts, sum := 0, hexMAC(rawKey, content)
		for i := range min(len(content), 24) + 1 {
			for j := i; j <= min(len(content), i+32); j++ {
				r := &webhook.Request{Body: []byte(content[j:]), Header: http.Header{"X-Id": {content[:i]}, "X-Time": {content[i:j]}, "X-Sig": {sum}}}
				if _, err := named.Verify(t.Context(), r); err == nil {
					cuts++
				}
			}
		}
		require.LessOrEqual(t, cuts, 1, "%q", content)
		for _, s := range schemes {
			accepted := 0
			for i := range min(len(content), 64) + 1 {
				r := &webhook.Request{Body: []byte(content[i:]), Header: http.Header{"X-Time": {content[:i]}, "X-Sig": {hexMAC(rawKey, content)}}}
				if _, err := s.Verify(t.Context(), r); err == nil {
					accepted++
				}
			}
			require.LessOrEqual(t, accepted, 1, "%q", content)
		}
	})
}
