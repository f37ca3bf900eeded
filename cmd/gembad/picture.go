package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // pictures to search by
	_ "image/png"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/index/query"
)

// maxPicturePixels bounds what a picture to search by unpacks to.
const maxPicturePixels = 50e6

// pictures lets the query engine ask the model for a picture: it is a clip of one frame.
type pictures struct{ encoder agent.ClipEncoder }

func (p pictures) EncodeImage(ctx context.Context, picture []byte) ([]float32, error) {
	f, err := decodePicture(picture)
	if err != nil {
		return nil, err
	}
	out, err := p.encoder.EncodeClips(ctx, [][]*frame.Frame{{f}})
	if err != nil {
		return nil, err
	}
	if len(out) != 1 {
		return nil, fmt.Errorf("the model gave %d answers for one picture", len(out))
	}
	return out[0].Vector, nil
}

// decodePicture unpacks a JPEG or PNG. Its error is a *query.InvalidError.
func decodePicture(data []byte) (*frame.Frame, error) {
	info, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, &query.InvalidError{Field: "image", Reason: "is no JPEG or PNG that can be read"}
	}
	if info.Width <= 0 || info.Height <= 0 || float64(info.Width)*float64(info.Height) > maxPicturePixels {
		return nil, &query.InvalidError{Field: "image", Reason: fmt.Sprintf("has %d x %d pixels; at most %d million are taken", info.Width, info.Height, int(maxPicturePixels/1e6))}
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, &query.InvalidError{Field: "image", Reason: "breaks off or is damaged"}
	}
	b := img.Bounds()
	f := &frame.Frame{Pix: make([]byte, 0, 3*b.Dx()*b.Dy()), Width: b.Dx(), Height: b.Dy()}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			f.Pix = append(f.Pix, c.R, c.G, c.B)
		}
	}
	return f, nil
}
