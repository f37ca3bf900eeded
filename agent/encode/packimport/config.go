package packimport

import (
	"strings"
)

// config is what matters of config.json (transformers) and open_clip_config.json
// (OpenCLIP, whose parts also lie in config.json by themselves).
type config struct {
	ModelType     string `json:"model_type"`
	ProjectionDim int    `json:"projection_dim"`
	Text          struct {
		ModelType  string `json:"model_type"`
		Hidden     int    `json:"hidden_size"`
		Projection int    `json:"projection_size"`
		Positions  int    `json:"max_position_embeddings"`
		Pad        *int   `json:"pad_token_id"`
	} `json:"text_config"`
	Vision struct {
		Hidden int `json:"hidden_size"`
		Size   int `json:"image_size"`
	} `json:"vision_config"`

	EmbedDim int `json:"embed_dim"`
	OpenText struct {
		Context int    `json:"context_length"`
		Pool    string `json:"pool_type"`
	} `json:"text_cfg"`
	OpenVision struct {
		Size any `json:"image_size"`
	} `json:"vision_cfg"`
}

func (f folder) config() (config, error) {
	var c config
	if err := f.json(f.first("config.json"), &c); err != nil {
		return c, err
	}
	if name := f.first("open_clip_config.json"); name != "" {
		open := struct {
			Model *config `json:"model_cfg"`
		}{Model: &c}
		if err := f.json(name, &open); err != nil {
			return c, err
		}
	}
	return c, nil
}

// siglip tells the models that were trained on texts filled up to full length,
// which they read without a mask.
func (c config) siglip() bool {
	return strings.HasPrefix(c.ModelType, "siglip") || strings.HasPrefix(c.Text.ModelType, "siglip")
}

// dims is the length of an embedding, 0 if unknown.
func (c config) dims() int {
	for _, d := range []int{c.ProjectionDim, c.EmbedDim, c.Text.Projection} {
		if d > 0 {
			return d
		}
	}
	if c.siglip() {
		return c.Vision.Hidden
	}
	return 0
}

// positions is the longest text in tokens, 0 if unknown. config.json leaves out
// what is as in the first model of its kind.
func (c config) positions() int {
	switch n := max(c.Text.Positions, c.OpenText.Context); {
	case n > 0:
		return n
	case c.siglip():
		return 64
	case c.ModelType == "clip":
		return 77
	}
	return 0
}
