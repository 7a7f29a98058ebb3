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
                LatentUpscaleBy.self,
                LatentFromBatch.self,
                RepeatLatentBatch.self,
                LatentBatch.self,
                LatentBatchSeedBehavior.self,
                LatentComposite.self,
                LatentCompositeMasked.self,
                LatentBlend.self,
                LatentAdd.self,
                LatentSubtract.self,
                LatentMultiply.self,
                LatentInterpolate.self,
                LatentConcat.self,
                LatentCut.self,
                LatentCutToBatch.self,
                LatentCrop.self,
                LatentFlip.self,
                LatentRotate.self,
                LatentApplyOperation.self,
                LatentApplyOperationCFG.self,
                LatentOperationTonemapReinhard.self,
                LatentOperationSharpen.self,
                LoadLatent.self,
                SaveLatent.self,
                VAEEncode.self,
                VAEEncodeTiled.self,
                VAEDecode.self,
                VAEDecodeTiled.self,
                KSampler.self,
                LoadImage.self,
                ImageScale.self,
                ImageScaleBy.self,
                ImageInvert.self,
                PreviewImage.self,
                SaveImage.self,
                SaveImageJPEG.self,
            ])
        }
    }
}
