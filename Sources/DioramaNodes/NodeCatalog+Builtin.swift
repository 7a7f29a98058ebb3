public import DioramaGraph

extension NodeCatalog {
    /// The nodes that come with Diorama, a line for each.
    ///
    /// - Throws: `NodeDeclarationError` when a declaration contradicts itself, which the tests rule out.
    public static var builtin: NodeCatalog {
        get throws(NodeDeclarationError) {
            try NodeCatalog([
                CheckpointLoaderSimple.self,
                ModelSamplingSD3.self,
                ModelSamplingAuraFlow.self,
                ModelSamplingFlux.self,
                DiTBlocks.self,
                SkipLayerGuidanceSD3.self,
                SkipLayerGuidanceDiT.self,
                SkipLayerGuidanceDiTSimple.self,
                RescaleCFG.self,
                CFGNorm.self,
                CLIPTextEncode.self,
                EmptyLatentImage.self,
                EmptySD3LatentImage.self,
                LatentUpscale.self,
                VAEEncode.self,
                VAEDecode.self,
                VAEDecodeTiled.self,
                KSampler.self,
                LoadImage.self,
                LoadImageOutput.self,
                LoadImageMask.self,
                EmptyImage.self,
                GetImageSize.self,
                ImageScale.self,
                ImageScaleBy.self,
                ImageScaleToTotalPixels.self,
                ImageScaleToMaxDimension.self,
                ResizeImagesByShorterEdge.self,
                ResizeImagesByLongerEdge.self,
                FluxKontextImageScale.self,
                ImageCrop.self,
                CenterCropImages.self,
                ImageFlip.self,
                ImageRotate.self,
                ImagePadForOutpaint.self,
                ImageStitch.self,
                JoinImageBatches.self,
                ImageFromBatch.self,
                RepeatImageBatch.self,
                ImageInvert.self,
                MaskToImage.self,
                ImageToMask.self,
                ImageColorToMask.self,
                SolidMask.self,
                InvertMask.self,
                ThresholdMask.self,
                CropMask.self,
                MaskComposite.self,
                FeatherMask.self,
                GrowMask.self,
                MaskPreview.self,
                PreviewImage.self,
                SaveImage.self,
                SaveImageJPEG.self,
            ])
        }
    }
}
