package webhook

import "crypto/sha256"

// guardKey says which event of d the guard is asked about. An identifier of the
// event's own goes with its payload, so that it is known again in another batch.
// The events of a delivery that has one identifier for all of them, or none, go with
// what was signed, and their position tells them apart.
func (h *Handler) guardKey(d *Delivery, i int) GuardKey {
	raw := &d.Events[i]
	key := GuardKey{Endpoint: d.Endpoint, ID: raw.ID, IDSigned: raw.IDSigned}
	if key.ID == "" {
		key.ID, key.IDSigned = d.Receipt.EventID, d.Receipt.EventIDSigned
	}
	key.IDSigned = key.IDSigned && key.ID != ""
	own := raw.ID != "" && raw.ID != d.Receipt.EventID
	if !own {
		key.Index = d.First + i
	}
	if key.IDSigned {
		return key
	}
	url, body := "", raw.Payload
	if r := d.Request; !own && r != nil {
		url = h.scheme.signedURL(r)
		if len(r.Body) > 0 {
			body = r.Body
		}
	}
	key.Body, key.Empty = digest(url, body), url == "" && len(body) == 0
	return key
}

// digest is the hash over what was signed: a URL, a body, or both with what no URL
// holds between them.
func digest(url string, body []byte) [sha256.Size]byte {
	if url == "" {
		return sha256.Sum256(body)
	}
	text := make([]byte, 0, len(url)+1+len(body))
	text = append(append(text, url...), '\n')
	return sha256.Sum256(append(text, body...))
}
