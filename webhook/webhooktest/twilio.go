package webhooktest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Twilio signs like Twilio: over the URL as it is configured there, so name it
// with [Signer.WithURL], and over the sorted parameters of a form. A JSON body
// is bound by its hash instead, in a bodySHA256 parameter that is added to the
// URL unless it is there. Without a Content-Type a body that begins with a brace
// or bracket counts as JSON. To a wss or ws URL it sends the handshake of a
// WebSocket, a GET that has no body. Source: "Webhooks security", twilio.com, and
// the official libraries.
func Twilio(authToken string) *Signer {
	return &Signer{provider: "twilio", sign: func(d *delivery) error {
		if err := notBlank(authToken); err != nil {
			return err
		}
		if strings.HasPrefix(d.url, "wss:") || strings.HasPrefix(d.url, "ws:") {
			if len(d.body) > 0 {
				return errors.New("the handshake of a WebSocket has no body")
			}
			handshake(d)
		} else {
			d.setDefault("Content-Type", jsonOrForm(d.body))
		}
		text, err := twilioText(d)
		if err != nil {
			return err
		}
		d.set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(hmacSHA1([]byte(authToken), text)))
		d.setDefault("I-Twilio-Idempotency-Token", d.idOr(newUUID))
		d.setDefault("User-Agent", "TwilioProxy/1.1")
		return nil
	}}
}

// handshake makes d the opening of a WebSocket (RFC 6455 section 4.1).
func handshake(d *delivery) {
	d.method = http.MethodGet
	d.setDefault("Connection", "Upgrade")
	d.setDefault("Upgrade", "websocket")
	d.setDefault("Sec-WebSocket-Version", "13")
	d.setDefault("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==") // the RFC's own
}

func twilioText(d *delivery) (string, error) {
	if d.method == http.MethodGet {
		return d.url, nil
	}
	mediaType, _, err := mime.ParseMediaType(d.header.Get("Content-Type"))
	if err != nil {
		return "", errors.New("the Content-Type is malformed")
	}
	if mediaType != "application/x-www-form-urlencoded" {
		if !strings.Contains(d.url, "bodySHA256=") {
			separator := "?"
			if strings.Contains(d.url, "?") {
				separator = "&"
			}
			sum := sha256.Sum256(d.body)
			d.url += separator + "bodySHA256=" + hex.EncodeToString(sum[:])
		}
		return d.url, nil
	}
	form, err := url.ParseQuery(string(d.body))
	if err != nil {
		return "", errors.New("the body is not a form")
	}
	var names []string
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	text := d.url
	for _, name := range names {
		// A repeated parameter counts once for each distinct value, sorted, as in
		// Twilio's Node library; the Go library takes the first value only.
		values := slices.Clone(form[name])
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			text += name + v
		}
	}
	return text, nil
}

// jsonOrForm is the Content-Type of the two providers that send both.
func jsonOrForm(body []byte) string {
	if isJSON(body) {
		return "application/json"
	}
	return "application/x-www-form-urlencoded"
}
