package resendtest

import (
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

func (a Attachment) id() string { return a.ID }

func listAttachments(s *Server, c *faketest.Call) (any, *failure) {
	e, wrong := s.email(c)
	if wrong != nil {
		return nil, wrong
	}
	return page(c, e.Attachments, shownAttachment)
}

func getAttachment(s *Server, c *faketest.Call) (any, *failure) {
	e, wrong := s.email(c)
	if wrong != nil {
		return nil, wrong
	}
	a, wrong := byID(e.Attachments, c.PathValue("attachment"), "Attachment")
	if wrong != nil {
		return nil, wrong
	}
	return shownAttachment(a), nil
}

func shownAttachment(a Attachment) any {
	return map[string]any{
		"object": "attachment", "id": a.ID, "filename": a.Filename, "content_type": a.ContentType, "content_disposition": "attachment",
		"size": len(a.Content), "download_url": fmt.Sprintf("https://attachments.example.com/%s", a.ID), "expires_at": stamp(time.Now().Add(time.Hour)),
	}
}
