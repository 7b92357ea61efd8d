package bench

// ownWebhook returns the project's entries of the group Webhook.
func ownWebhook(c *webhookCase) []entry { return nil }
