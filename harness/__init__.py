"""loragate: may this LoRA adapter replace the one in production?"""
