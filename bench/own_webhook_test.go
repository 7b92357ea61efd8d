package bench

import "slices"

// ownWebhook returns the project's entries of the group Webhook.
func ownWebhook(c *webhookCase) []entry {
	return slices.Concat(ownWebhookVerify(c), ownWebhookRequest(c))
}
