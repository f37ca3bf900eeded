package main

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/encode/packimport"
	"github.com/gembahq/gemba/agent/frame"
)

// packImportFlags are the flags of "pack import".
type packImportFlags struct {
	out        string
	background string
	options    packimport.Options
}

func newPackImportCommand(a *app) *cobra.Command {
	var f packImportFlags
	cmd := &cobra.Command{
		Use:   "import FOLDER --out DIR",
		Short: "Make a pack of a model as hubs publish it (CLIP, MobileCLIP, SigLIP, OpenCLIP, Jina CLIP)",
		Long: `Makes a pack of a downloaded model: a folder with config.json,
preprocessor_config.json, tokenizer.json, tokenizer_config.json and the ONNX
files, either onnx/vision_model.onnx and onnx/text_model.onnx or one
onnx/model.onnx. Nothing is downloaded. docs/packs.md says what to get.`,
		Example: "  gemba pack import ./siglip-base-patch16-224 --out /srv/packs/siglip --license apache-2.0",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("%s takes one FOLDER, got %d arguments", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "out"); err != nil {
				return err
			}
			return a.packImport(cmd.Context(), args[0], &f)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "new folder for the pack")
	flags.StringVar(&f.options.Name, "name", "", "name of the pack (default: that of FOLDER)")
	flags.StringVar(&f.options.License, "license", "", "terms of use (default: what README.md says)")
	flags.StringVar(&f.options.Variant, "variant", "", "which of several files of one model: full, "+strings.Join(packimport.Variants[1:], ", ")+" (default: the most precise one)")
	flags.StringSliceVar(&f.options.Views, "views", nil, "how frames are cut, for example squash,center (default: as the model was trained)")
	flags.StringVar(&f.background, "background", "", "folder with photos (JPEG, PNG) of everyday things at the site, to judge scores by; without it no answer is called confident")
	markFolders(cmd, "out", "background")
	return cmd
}

// packImportReport is what pack import prints with --json.
type packImportReport struct {
	Dir     string   `json:"dir"`
	Name    string   `json:"name"`
	License string   `json:"license"`
	Dims    int      `json:"dims"`
	Files   int      `json:"files"`
	Bytes   int64    `json:"bytes"`
	Notes   []string `json:"notes"`
}

func (a *app) packImport(ctx context.Context, from string, f *packImportFlags) error {
	if f.background != "" {
		photos, err := photosIn(f.background)
		if err != nil {
			return err
		}
		f.options.Background = func(ctx context.Context, do func(*frame.Frame) error) error {
			return eachPhotoInFolder(ctx, f.background, photos, func(_ string, p *frame.Frame) error { return do(p) })
		}
	}
	bar := a.startProgress("sentences")
	plan, err := packimport.Import(ctx, from, f.out, f.options, encode.Options{Provider: encode.CPU, Logger: slog.New(slog.DiscardHandler)}, func(done, of int) {
		bar.set(int64(done), int64(of), "", 0)
	})
	bar.end()
	if err != nil {
		return err
	}
	m := plan.Manifest
	r := packImportReport{Dir: f.out, Name: m.Name, License: m.License, Dims: m.Dims, Files: len(m.Files), Notes: plan.Notes}
	for _, file := range m.Files {
		r.Bytes += file.Bytes
	}
	if a.flags.json {
		return a.printJSON(r)
	}
	for _, n := range plan.Notes {
		a.remark("%s", n)
	}
	_, err = fmt.Fprintf(a.stdout, "%s: pack %s, vectors of %d numbers, %s. Try it with gemba pack verify %s.\n",
		printable(r.Dir), printable(r.Name), r.Dims, bytesText(r.Bytes), printable(r.Dir))
	return err
}

// photosIn lists the photos in a folder and those below it, in order.
func photosIn(dir string) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch strings.ToLower(filepath.Ext(path)) {
		case ".jpg", ".jpeg", ".png":
			names = append(names, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for background photos: %w", err)
	}
	return names, nil
}
