package main

import (
	"regexp"
	"strings"
)

// draft is the data of a HumanReviewRequired event, as far as the rule looks at it.
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

// decide rejects a draft that speaks of secrets, takes links out of one that has any, and approves all others.
func decide(draft draft) decision {
	made := decision{ReviewID: draft.ReviewID, Decision: "approve", DecidedBy: "pubsub-reviewer"}
	for _, word := range secret {
		if strings.Contains(strings.ToLower(draft.ProposedReply), word) {
			made.Decision, made.Note = "reject", "speaks of a "+word
			return made
		}
	}
	if link.MatchString(draft.ProposedReply) {
		made.Decision, made.Note = "edit", "took links out"
		made.Reply = link.ReplaceAllString(draft.ProposedReply, "[link removed]")
	}
	return made
}
