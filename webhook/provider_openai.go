package webhook

import (
	"errors"
	"strings"

	"github.com/standpipe-go/standpipe/secret"
)

// OpenAI verifies OpenAI's webhooks, which follow Standard Webhooks; see
// [StandardWebhooks] for the scheme ("Webhooks", OpenAI docs). Secrets begin with
// "whsec_". An older one without the prefix is the key itself and takes
// [WithRawSecret]; OpenAI's libraries tell the two apart by the prefix, other
// Standard Webhooks libraries read both as base64, so that here it is said and
// not guessed. Options: [WithTolerance] (5 minutes), [WithClock], [WithMaxBody],
// [WithRawSecret].
//
// Stricter than OpenAI's libraries, which take a bare signature without "v1,":
// the version is what says which algorithm a signature is for.
func OpenAI(secrets secret.Source, opts ...Option) (*Scheme, error) {
	spec := standardSpec("openai")
	spec.split, spec.kinds = splitJSON[openAIEnvelope], true
	spec.wrong["sk-"] = "an API key"
	spec.checkSecret = func(text string) error {
		if !strings.HasPrefix(text, "whsec_") {
			return errors.New("the secret does not begin with whsec_: if it is an older one whose text is the key, give WithRawSecret")
		}
		return nil
	}
	return newHMAC(spec, secrets, opts)
}

type openAIEnvelope struct {
	Object jsonText `json:"object"`
	Type   jsonText `json:"type"`
	Time   jsonTime `json:"created_at"`
}

func (e openAIEnvelope) event() Raw {
	return Raw{Object: string(e.Object), Type: string(e.Type), Time: e.Time.Time}
}
