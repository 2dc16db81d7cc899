// Command pubsub-reviewer reviews turnkeeper's drafts through Dapr pub/sub only. It receives them on the topic
// human-review and publishes decisions on the topic review-decisions. It calls nothing but its own daprd.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

const (
	pubsub    = "pubsub"
	drafts    = "human-review"
	decisions = "review-decisions"
	eventType = "application/cloudevents+json"
	bodyLimit = 4 << 20
)

// cloudEvent contains the attributes of CloudEvents 1.0 that are needed here.
type cloudEvent struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject,omitempty"`
	Time        string          `json:"time,omitempty"`
	Data        json.RawMessage `json:"data"`
}

// Dapr's statuses for a delivered event: processed, deliver it again, discard it.
const (
	success = "SUCCESS"
	retry   = "RETRY"
	drop    = "DROP"
)

type service struct {
	daprd    string // http://127.0.0.1:3501
	apiToken string // sent to daprd
	appToken string // required from daprd
	client   *http.Client
}

func main() {
	port := setting("APP_PORT", "6001")
	s := &service{
		daprd:    "http://127.0.0.1:" + setting("DAPR_HTTP_PORT", "3501"),
		apiToken: os.Getenv("DAPR_API_TOKEN"),
		appToken: os.Getenv("APP_API_TOKEN"),
		client:   &http.Client{Timeout: 5 * time.Second},
	}
	log.Printf("listening on 127.0.0.1:%s, daprd at %s", port, s.daprd)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, s.routes()))
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	// daprd requests this once, when the service is ready.
	mux.HandleFunc("GET /dapr/subscribe", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, []map[string]string{{"pubsubname": pubsub, "topic": drafts, "route": "/" + drafts}})
	})
	mux.HandleFunc("POST /"+drafts, func(w http.ResponseWriter, r *http.Request) {
		if s.appToken != "" && r.Header.Get("dapr-api-token") != s.appToken {
			http.Error(w, "not daprd", http.StatusUnauthorized)
			return
		}
		answer(w, map[string]string{"status": s.review(io.LimitReader(r.Body, bodyLimit))})
	})
	return mux
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("content-type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// review decides one draft. An event may be delivered twice: the decision and its event id are then the same.
func (s *service) review(body io.Reader) string {
	var event cloudEvent
	var draft draft
	if err := json.NewDecoder(body).Decode(&event); err != nil {
		log.Printf("dropped: not an event: %v", err)
		return drop
	}
	if err := json.Unmarshal(event.Data, &draft); err != nil || event.Type != "HumanReviewRequired" || draft.ReviewID == "" {
		log.Printf("dropped: event %q of type %q does not request a review", event.ID, event.Type)
		return drop
	}
	decision := decide(draft)
	if err := s.publish(draft.UserID, decision); err != nil {
		log.Printf("review %s: not decided yet: %v", draft.ReviewID, err)
		return retry
	}
	log.Printf("review %s: %s", draft.ReviewID, decision.Decision)
	return success
}

func (s *service) publish(userID string, decision decision) error {
	data, err := json.Marshal(decision)
	if err != nil {
		return err
	}
	event, err := json.Marshal(cloudEvent{
		SpecVersion: "1.0",
		ID:          "decision-" + decision.ReviewID,
		Source:      "/pubsub-reviewer",
		Type:        "ReviewDecided",
		Subject:     userID,
		Time:        time.Now().UTC().Format(time.RFC3339Nano),
		Data:        data,
	})
	if err != nil {
		return err
	}
	url := fmt.Sprintf("%s/v1.0/publish/%s/%s", s.daprd, pubsub, decisions)
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(event))
	if err != nil {
		return err
	}
	request.Header.Set("content-type", eventType)
	if s.apiToken != "" {
		request.Header.Set("dapr-api-token", s.apiToken)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return fmt.Errorf("daprd answered %d: %s", response.StatusCode, text)
	}
	return nil
}
