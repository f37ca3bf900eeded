package query

import "time"

// Confidence says how much an answer can be trusted.
type Confidence string

// The levels of confidence, best first.
const (
	Confident Confidence = "confident"
	Possible  Confidence = "possible"
	Weak      Confidence = "weak"
)

// Response is the answer to one search, and the JSON of POST /search.
type Response struct {
	Items      []Result   `json:"items" nullable:"false" doc:"Found moments, best first. Neighbouring clips of one camera that match about equally well are one item"`
	NoMatch    bool       `json:"no_match" doc:"True if nothing fits with confidence. The best guesses are still in items"`
	NextCursor string     `json:"next_cursor" doc:"Cursor of the next page; empty on the last"`
	Understood Understood `json:"understood" doc:"How the question was read"`
	Coverage   Coverage   `json:"coverage" doc:"What was searched and what was not"`
	Refined    int        `json:"refined" doc:"Clips whose order the refinement decided; fewer than it was to look at where its time ran out"`
	Timing     Timing     `json:"timing" doc:"Seconds spent. A page from a cursor did not encode or scan again unless it says so"`
	Model      Model      `json:"model" doc:"What answered"`
}

// Result is one found moment: the best clip of an event.
type Result struct {
	ClipID          string        `json:"clip_id" doc:"Id of the best clip" example:"0000000100000007"`
	Camera          string        `json:"camera" doc:"Id of the camera" example:"gate"`
	Start           time.Time     `json:"start" doc:"Start of the best clip"`
	End             time.Time     `json:"end" doc:"End of the best clip"`
	EventStart      time.Time     `json:"event_start" doc:"Start of the first clip of the event"`
	EventEnd        time.Time     `json:"event_end" doc:"End of the last clip of the event"`
	EventClips      int           `json:"event_clips" doc:"Number of clips merged into this event"`
	Score           float32       `json:"score" doc:"Score that the order follows. Comparable only within one answer"`
	FirstStageScore float32       `json:"first_stage_score" doc:"Score before refinement"`
	Refined         bool          `json:"refined" doc:"True if the refinement head scored this clip"`
	Z               float64       `json:"z" doc:"Standard deviations by which the first stage score stands above those of unrelated photos; 0 where that is not known"`
	Confidence      Confidence    `json:"confidence" enum:"confident,possible,weak"`
	MatchedFrame    MatchedFrame  `json:"matched_frame" doc:"The frame that stands for the clip"`
	Words           []WordSupport `json:"words" nullable:"false" doc:"Words of the question as the model read them"`
	Labels          []string      `json:"labels" nullable:"false"`
	ThumbnailURL    string        `json:"thumbnail_url"`
	VideoURL        string        `json:"video_url"`
}

// MatchedFrame is one frame of a clip.
type MatchedFrame struct {
	Time       time.Time `json:"time"`
	N          int       `json:"n" doc:"Number of the frame in the clip, from 0"`
	URL        string    `json:"url"`
	HeatmapURL string    `json:"heatmap_url,omitempty" doc:"With explain: a picture to lay over the frame that shows where the question's words were found"`
}

// WordSupport is a word of the question and how well the clip supports it.
type WordSupport struct {
	Text    string   `json:"text"`
	Support *float32 `json:"support" doc:"0 to 1; null where the clip was not refined"`
	// Supported is null as well for words that no picture shows, like "with".
	Supported *bool `json:"supported" doc:"Whether the clip shows it; null where the clip was not refined, and for words that no picture shows, like 'with'"`
}

// Understood tells how a question was read, so that a person can see why.
type Understood struct {
	Text         string   `json:"text" doc:"What was looked for"`
	Without      []string `json:"without" nullable:"false" doc:"What counted against a clip"`
	Phrases      []string `json:"phrases" nullable:"false" doc:"Quoted words: demanded in labels, camera names, file names or notes"`
	UnknownWords []string `json:"unknown_words" nullable:"false" doc:"Words that the model does not know"`
	IgnoredWords []string `json:"ignored_words" nullable:"false" doc:"Words of a translated question that say nothing about a picture, like times of day; use the filters for them"`
	Translation  string   `json:"translation" doc:"The question in the model's language; empty if it was asked in it"`
	Truncated    bool     `json:"truncated" doc:"True if the question was longer than the model reads"`
}

// Coverage says which footage an answer rests on.
type Coverage struct {
	Cameras       []CameraCoverage `json:"cameras" nullable:"false" doc:"The cameras asked for, or all that have clips in the time asked for"`
	SearchedClips int              `json:"searched_clips" doc:"Clips that were compared with the question"`
	ExcludedClips int              `json:"excluded_clips" doc:"Clips of these cameras and times that were not: left out by labels or text, encoded by another model, or unreadable"`
}

// CameraCoverage is what one camera contributed.
type CameraCoverage struct {
	ID         string     `json:"id"`
	Clips      int        `json:"clips"`
	From       *time.Time `json:"from" doc:"Start of the first clip; null without clips"`
	To         *time.Time `json:"to" doc:"End of the last clip; null without clips"`
	GapSeconds float64    `json:"gap_seconds" doc:"Time between from and to that no clip covers"`
}

// Timing is where the time went, in seconds.
type Timing struct {
	TextEncode float64 `json:"text_encode"`
	Filter     float64 `json:"filter"`
	Scan       float64 `json:"scan"`
	Rescore    float64 `json:"rescore"`
	Refine     float64 `json:"refine"`
	Total      float64 `json:"total"`
}

// Model names what answered.
type Model struct {
	Pack     string `json:"pack" example:"gemba-small 0.1.0"`
	Provider string `json:"provider" doc:"tensorrt, cuda or cpu; empty without a model" example:"cpu"`
}
