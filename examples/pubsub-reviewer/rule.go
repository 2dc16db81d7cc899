package main

import (
	"regexp"
	"strings"
)

// draft contains the fields of a HumanReviewRequired event that the rule needs.
type draft struct {
	ReviewID      string `json:"review_id"`
	UserID        string `json:"user_id"`
	ProposedReply string `json:"proposed_reply"`
}

// decision is the data of a ReviewDecided event.
type decision struct {
	ReviewID  string `json:"review_id"`
	Decision  string `json:"decision"` // approve, edit or reject
	Reply     string `json:"reply,omitempty"`
	Note      string `json:"note,omitempty"`
	DecidedBy string `json:"decided_by"`
}

var (
	link   = regexp.MustCompile(`https?://[\w./?=&%#~:+-]+`)
	secret = []string{"password", "credit card"}
)

// decide rejects a draft that mentions a secret, removes links from a draft, and approves all other drafts.
func decide(draft draft) decision {
	made := decision{ReviewID: draft.ReviewID, Decision: "approve", DecidedBy: "pubsub-reviewer"}
	for _, word := range secret {
		if strings.Contains(strings.ToLower(draft.ProposedReply), word) {
			made.Decision, made.Note = "reject", "mentions a "+word
			return made
		}
	}
	if link.MatchString(draft.ProposedReply) {
		made.Decision, made.Note = "edit", "removed links"
		made.Reply = link.ReplaceAllString(draft.ProposedReply, "[link removed]")
	}
	return made
}
