#!/usr/bin/env python3
"""Cuts ComfyUI's description of its nodes down to those that Diorama has.

    python object_info.py OBJECT_INFO.json

OBJECT_INFO.json is what a ComfyUI server answers to GET /object_info (0.33.0 was used; descriptions may be left out).
Writes Tests/Golden/nodes/object_info.json.
"""
import argparse
import json
import pathlib

CLASSES = """
CheckpointLoaderSimple LoraLoader LoraLoaderModelOnly LoraLoaderBypass LoraLoaderBypassModelOnly
ModelSamplingSD3 CLIPTextEncode EmptyLatentImage EmptySD3LatentImage LatentUpscale VAEEncode
VAEDecode VAEDecodeTiled KSampler LoadImage ImageScale ImageScaleBy ImageInvert PreviewImage SaveImage
ModelSamplingAuraFlow ModelSamplingFlux SkipLayerGuidanceSD3 SkipLayerGuidanceDiT SkipLayerGuidanceDiTSimple
RescaleCFG CFGNorm ComfySwitchNode ComfyAndNode ComfyOrNode ComfyNotNode CreateList MergeImageLists RebatchImages
RebatchLatents BatchImagesNode BatchMasksNode ResizeImageMaskNode SaveImageAdvanced LoadImageOutput LoadImageMask
EmptyImage GetImageSize ImageScaleToTotalPixels ImageScaleToMaxDimension ResizeImagesByShorterEdge
ResizeImagesByLongerEdge FluxKontextImageScale ImageCrop CenterCropImages ImageFlip ImageRotate ImagePadForOutpaint
ImageStitch ImageBatch ImageFromBatch RepeatImageBatch ImageRGBToYUV ImageYUVToRGB NormalizeImages AdjustBrightness
AdjustContrast ImageBlend ImageBlur ImageSharpen ImageAddNoise Morphology Canny ImageCompositeMasked
JoinImageWithAlpha SplitImageWithAlpha PorterDuffImageComposite MaskToImage ImageToMask ImageColorToMask SolidMask
InvertMask ThresholdMask CropMask MaskComposite FeatherMask GrowMask MaskPreview LatentUpscaleBy LatentFromBatch
RepeatLatentBatch LatentBatch LatentBatchSeedBehavior LatentComposite LatentCompositeMasked LatentBlend LatentAdd
LatentSubtract LatentMultiply LatentInterpolate LatentConcat LatentCut LatentCutToBatch LatentCrop LatentFlip
LatentRotate LatentApplyOperation LatentApplyOperationCFG LatentOperationTonemapReinhard LatentOperationSharpen
VAEEncodeTiled SaveLatent LoadLatent ConditioningCombine ConditioningConcat ConditioningAverage ConditioningZeroOut
ConditioningSetTimestepRange ConditioningSetMask KSamplerAdvanced SamplerCustom SamplerCustomAdvanced RandomNoise
DisableNoise BasicGuider CFGGuider KSamplerSelect BasicScheduler BetaSamplingScheduler Flux2Scheduler KarrasScheduler
ExponentialScheduler SDTurboScheduler ManualSigmas SplitSigmas SplitSigmasDenoise FlipSigmas SetFirstSigma
SetLatentNoiseMask DifferentialDiffusion PrimitiveInt PrimitiveFloat PrimitiveString PrimitiveStringMultiline
PrimitiveBoolean StringConcatenate StringSubstring StringLength CaseConverter StringTrim StringReplace StringContains
StringCompare RegexMatch RegexExtract RegexReplace JsonExtractString ComfyNumberConvert ResolutionSelector PreviewAny
ComfyMathExpression BatchLatentsNode SamplerDPMAdaptative FluxGuidance CLIPSetLastLayer
InpaintModelConditioning VAEEncodeForInpaint ConditioningSetArea ConditioningSetAreaPercentage
ConditioningSetAreaStrength DualCFGGuider PolyexponentialScheduler LaplaceScheduler VPScheduler AddNoise
SamplerEulerAncestral SamplerEulerAncestralCFGPP SamplerLMS SamplerDPMPP_2S_Ancestral SamplerDPMPP_SDE
SamplerDPMPP_2M_SDE SamplerDPMPP_3M_SDE SamplerER_SDE SamplerSASolver SamplerSEEDS2 ImageGrid
SplitImageToTileList ImageMergeTileList StringFormat CustomCombo EasyCache UNETLoader CLIPLoader DualCLIPLoader
TripleCLIPLoader VAELoader CLIPTextEncodeFlux CLIPTextEncodeSD3 T5TokenizerOptions ReferenceLatent
FluxKontextMultiReferenceLatentMethod FluxDisableGuidance EmptyFlux2LatentImage ImageQuantize UpscaleModelLoader ImageUpscaleWithModel ImageCompare
InstructPixToPixConditioning ControlNetLoader ControlNetApplyAdvanced ControlNetApplySD3 LotusConditioning
ModelPatchLoader QwenImageDiffsynthControlnet ZImageFunControlnet
CLIPVisionLoader CLIPVisionEncode StyleModelLoader StyleModelApply FluxKVCache
""".split()
FIELDS = "input input_order is_input_list output output_is_list output_name name display_name category output_node".split()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("object_info", type=pathlib.Path)
    nodes = json.loads(parser.parse_args().object_info.read_text())
    cut = {name: {field: nodes[name][field] for field in FIELDS} for name in CLASSES}
    about = {"script": "tools/golden/object_info.py", "source": "GET /object_info of ComfyUI 0.33.0"}
    path = pathlib.Path(__file__).parents[2] / "Tests/Golden/nodes/object_info.json"
    path.write_text(json.dumps({"about": about, "nodes": cut}, indent=1) + "\n")


if __name__ == "__main__":
    main()
