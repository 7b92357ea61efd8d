package peers

import (
	"net/http"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	svix "github.com/svix/svix-webhooks/go"

	"github.com/standpipe-go/standpipe/compare"
)

func standardWebhooks() compare.Receiver {
	return handed(compare.Subject{Name: "standard-webhooks", Module: "github.com/standard-webhooks/standard-webhooks/libraries",
		Settings: "`NewWebhook(secret)` and `Verify`."}, compare.StandardWebhooks("Webhook"),
		func(secret string) (func([]byte, http.Header) error, error) {
			w, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				return nil, err
			}
			return w.Verify, nil
		})
}

func svixWebhooks() compare.Receiver {
	return handed(compare.Subject{Name: "svix", Module: "github.com/svix/svix-webhooks",
		Settings: "`NewWebhook(secret)` and `Verify`."}, compare.StandardWebhooks("Svix"),
		func(secret string) (func([]byte, http.Header) error, error) {
			w, err := svix.NewWebhook(secret)
			if err != nil {
				return nil, err
			}
			return w.Verify, nil
		})
}
